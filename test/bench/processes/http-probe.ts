import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface ProbeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One kept-alive connection, one request at a time: what a client sees, without waiting in line behind itself. */
export class HttpProbe {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly origin: string) {}

  /** @param content an object goes as JSON, a text as YAML */
  send(method: string, path: string, content?: object | string): Promise<ProbeAnswer> {
    return new Promise((resolve, reject) => {
      const body = typeof content === 'object' ? JSON.stringify(content) : content;
      const type = typeof content === 'object' ? 'application/json' : 'application/yaml';
      const headers = body === undefined ? {} : { 'content-type': type };
      const sent = request(`${this.origin}${path}`, { method, agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** As `send`, for a call that must succeed. */
  async expect(method: string, path: string, content?: object | string): Promise<ProbeAnswer> {
    const answer = await this.send(method, path, content);
    if (answer.status >= 400) throw new Error(`${method} ${this.origin}${path}: ${answer.status} ${answer.body}`);
    return answer;
  }

  close(): void {
    this.agent.destroy();
  }
}
