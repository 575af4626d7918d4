import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** Something to stand behind the gateway while one tries it: answers with what it was asked, echoes WebSocket messages. */
export interface DemoUpstream {
  readonly port: number;
  close(): void;
}

/** Listens on the loopback address only. @param port 0 takes a free one */
export async function startDemoUpstream(port: number): Promise<DemoUpstream> {
  const server = createServer(describeRequest);
  const sockets = new WebSocketServer({ server, maxPayload: 65_536 });
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise<void>((resolve, reject) => {
    // ws repeats the server's errors; both would be unhandled.
    sockets.on('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

function describeRequest(request: IncomingMessage, response: ServerResponse): void {
  let bodyBytes = 0;
  request.on('data', (chunk: Buffer) => (bodyBytes += chunk.length));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.setHeader('Content-Type', 'application/json');
    response.end(`${JSON.stringify({ upstream: 'demo', method, url, headers, bodyBytes }, null, 2)}\n`);
  });
}
