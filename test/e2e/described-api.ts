import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { GatewayProcess } from './gateway-process.js';

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Described | { readonly $ref: string }>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Described>> };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** The admin API, each of its answers held against the OpenAPI document that the gateway itself serves. */
export class DescribedApi {
  private readonly ajv = new Ajv2020({ strict: false, validateFormats: false });
  private readonly validators = new Map<string, ValidateFunction>();
  /** What has been held against the document so far: `GET /path/{id} 200`. */
  private readonly seen = new Set<string>();

  private constructor(
    private readonly origin: string,
    private readonly document: OpenApi,
  ) {
    this.ajv.addSchema({ $id: 'http://api.test/openapi', ...(document as object) });
  }

  static async of({ adminUrl }: GatewayProcess): Promise<DescribedApi> {
    return new DescribedApi(adminUrl, (await (await fetch(`${adminUrl}/actuator/openapi`)).json()) as OpenApi);
  }

  /** @throws Error that says what of the answer is not as described */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(this.origin + path, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const content = await response.text();
    const type = response.headers.get('content-type');
    this.check(method, path, response.status, type, content);
    const isJson = content !== '' && (type ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(content) : content };
  }

  /** The calls under this path that are described but have not been answered with success. */
  uncalled(prefix: string): string[] {
    return Object.entries(this.document.paths)
      .filter(([path]) => path.startsWith(prefix))
      .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((call) => ![200, 201].some((status) => this.seen.has(`${call} ${status}`)));
  }

  private check(method: string, path: string, status: number, mediaType: string | null, body: string): void {
    const template = this.templateOf(path);
    const call = `${method} ${template} ${status}`;
    const described = this.responseOf(template, method, status);
    if (!described) throw new Error(`${call} is not described`);
    this.seen.add(call);
    if (body === '' || method === 'HEAD') return;
    const type = (mediaType ?? '').split(';')[0] as string;
    const schema = described.content?.[type]?.schema;
    if (!schema) throw new Error(`${call}: a body of ${type} is not described`);
    if (!type.endsWith('json')) return;
    const key = `${call} ${type}`;
    let validate = this.validators.get(key);
    if (!validate) {
      validate = this.ajv.compile(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"http://api.test/openapi#/')) as object,
      );
      this.validators.set(key, validate);
    }
    if (!validate(JSON.parse(body))) throw new Error(`${call}: ${this.ajv.errorsText(validate.errors)} in ${body}`);
  }

  private responseOf(template: string, method: string, status: number): Described | undefined {
    const response = this.document.paths[template]?.[method.toLowerCase()]?.responses[status];
    if (!response || !('$ref' in response)) return response;
    return this.document.components.responses[response.$ref.split('/').at(-1) as string];
  }

  /** The path of the document that a URL is an instance of; one without variables wins. */
  private templateOf(url: string): string {
    const path = url.split('?')[0] as string;
    if (this.document.paths[path]) return path;
    const found = Object.keys(this.document.paths).filter((template) =>
      new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
    const [best] = found.sort((a, b) => a.split('{').length - b.split('{').length);
    if (best === undefined) throw new Error(`${path} is not described`);
    return best;
  }
}
