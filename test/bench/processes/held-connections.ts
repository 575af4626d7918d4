import { once } from 'node:events';
import { connect } from 'node:net';
import { BenchChild } from './child.js';

export interface HeldConnections {
  stop(): Promise<void>;
}

export interface Wanted {
  /** `http://host:port` */
  readonly origin: string;
  readonly path: string;
  readonly connections: number;
}

/** How many connect at once. */
const WORKERS = 16;

/** Connections that have carried one request each and are idle since, held by a process of its own. */
export async function holdConnections(wanted: Wanted): Promise<HeldConnections> {
  const { child } = await BenchChild.start<object>('load', new URL(import.meta.url), wanted);
  return { stop: () => child.stop() };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { origin, path, connections } = JSON.parse(process.argv[2] ?? '') as Wanted;
  const { hostname, port, host } = new URL(origin);
  let left = connections;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      if (!answer.toString('latin1').startsWith('HTTP/1.1 200'))
        throw new Error(`${path} answers ${answer.toString()}`);
      socket.on('close', () => {
        throw new Error('a connection that was to be kept is closed');
      });
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  process.stdout.write('{}\n');
}
