import { answeredRoute } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { HttpProbe } from '../processes/http-probe.js';
import { startListeners } from '../processes/listeners.js';
import { cpuSeconds, residentBytes } from '../processes/process-usage.js';
import { atMost, type Row, type Scenario } from '../scenario.js';
import { percentile } from '../statistics.js';

const CLIENTS = [100, 1_000, 10_000];
const EVENTS = 30;
const WARM_UP = 5;
const LIMIT_MS = 500;
const LIMIT_CLIENT_BYTES = 16 * 1_024;

/** One change told to everyone who listens. */
export const events: Scenario = {
  name: 'events',
  title: `One event to every WebSocket client, from its making (before the commit) to each receipt (${EVENTS} events)`,
  async run() {
    const rows: Row[] = [];
    for (const clients of CLIENTS) rows.push({ name: `${clients} clients`, values: await measure(clients) });
    const most = rows.at(-1)?.values ?? [];
    return {
      columns: [
        { title: 'received p50', unit: 'ms', isCompared: true },
        { title: 'received p99', unit: 'ms', isCompared: true },
        { title: 'received max', unit: 'ms' },
        { title: 'CPU an event', unit: 'ms' },
        { title: 'memory a client', unit: 'B' },
      ],
      rows,
      aims: [
        ...atMost(`p99 at ${CLIENTS.at(-1)} clients ≤ ${LIMIT_MS} ms`, LIMIT_MS, most[1], 'ms'),
        ...atMost(`at ${CLIENTS.at(-1)} clients ≤ 16 KB a client`, LIMIT_CLIENT_BYTES, most[4], 'B'),
      ],
      notes: ['All clients are in one process on one core: at 10,000 much of the time is theirs.'],
    };
  },
};

async function measure(clients: number): Promise<Row['values']> {
  const gateway = await BenchGateway.started([]);
  const admin = new HttpProbe(gateway.adminUrl);
  const put = (revision: number) =>
    admin.expect('PUT', '/api/configuration/routes/bench', answeredRoute('bench', '/bench', revision));
  try {
    await put(0);
    const before = residentBytes(gateway.pid);
    const listeners = await startListeners(gateway.adminUrl, clients);
    const after = residentBytes(gateway.pid);
    const receipts: number[] = [];
    let usedSeconds = 0;
    for (let revision = 1; revision <= WARM_UP + EVENTS; revision += 1) {
      const startedSeconds = cpuSeconds(gateway.pid);
      await put(revision);
      const received = await listeners.receipts(1);
      if (revision <= WARM_UP) continue;
      usedSeconds += cpuSeconds(gateway.pid) - startedSeconds;
      for (const each of received) receipts.push(each);
    }
    await listeners.stop();
    const max = receipts.reduce((most, each) => Math.max(most, each), 0);
    const cpuMs = (usedSeconds / EVENTS) * 1_000;
    const memory = clients < 1_000 ? undefined : (after - before) / clients;
    return [percentile(receipts, 0.5), percentile(receipts, 0.99), max, cpuMs, memory];
  } finally {
    admin.close();
    await gateway.dispose();
  }
}
