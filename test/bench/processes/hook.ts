import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { BenchChild } from './child.js';

export type HookBehaviour = { readonly answersAfterMs: number } | 'fails' | 'hangs';

/** Where messages of channels go, in a process of its own. */
export interface Hook {
  readonly url: string;
  /** Messages so far, each counted once. */
  received(): Promise<number>;
  stop(): Promise<void>;
}

export async function startHook(behaviour: HookBehaviour): Promise<Hook> {
  const { child, said } = await BenchChild.start<{ port: number }>('load', new URL(import.meta.url), { behaviour });
  const url = `http://127.0.0.1:${said.port}`;
  return {
    url: `${url}/hook`,
    received: async () => Number(await (await fetch(`${url}/received`)).text()),
    stop: () => child.stop(),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { behaviour } = JSON.parse(process.argv[2] ?? '') as { behaviour: HookBehaviour };
  const deliveries = new Set<unknown>();
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (request.url === '/received') {
      response.end(String(deliveries.size));
      return;
    }
    request.resume().on('end', () => {
      deliveries.add(request.headers['x-tigateway-delivery']);
      if (behaviour === 'hangs') return;
      if (behaviour === 'fails') response.writeHead(500).end();
      else void setTimeout(behaviour.answersAfterMs).then(() => response.end());
    });
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
}
