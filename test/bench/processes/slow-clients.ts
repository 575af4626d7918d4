import { connect } from 'node:net';
import { BenchChild } from './child.js';

export interface SlowClients {
  stop(): Promise<void>;
}

interface Wanted {
  /** `http://host:port` */
  readonly origin: string;
  readonly connections: number;
}

const HEAD = `GET /slow HTTP/1.1\r\nHost: slow.test\r\nX-Slow: ${'x'.repeat(1_000)}`;

/** Connections that send a byte of a request's head a second each, and come again when they are cut; in a process of its own. */
export async function startSlowClients(origin: string, connections: number): Promise<SlowClients> {
  const wanted: Wanted = { origin, connections };
  const { child } = await BenchChild.start<object>('load', new URL(import.meta.url), wanted);
  return { stop: () => child.stop() };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { origin, connections } = JSON.parse(process.argv[2] ?? '') as Wanted;
  const { hostname, port } = new URL(origin);
  let open = 0;
  let isSaid = false;
  const begin = (): void => {
    let sent = 0;
    const socket = connect(Number(port), hostname, () => {
      open += 1;
      if (open < connections || isSaid) return;
      isSaid = true;
      process.stdout.write('{}\n');
    });
    const timer = setInterval(() => socket.write(HEAD.charAt(sent++)), 1_000);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      open -= 1;
      begin();
    });
  };
  // Spread over a second, so that their bytes do not come in one wave.
  for (let started = 0; started < connections; started += 1) setTimeout(begin, (started * 1_000) / connections);
}
