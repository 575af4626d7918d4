import { setTimeout } from 'node:timers/promises';
import { answeredRoute } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { type Hook, startHook } from '../processes/hook.js';
import { HttpProbe } from '../processes/http-probe.js';
import { residentBytes } from '../processes/process-usage.js';
import { atMost, type Row, type Scenario } from '../scenario.js';

const EVENTS_A_SECOND = 1_000;
const SECONDS = 20;
const BATCH = 100;
const WARM_UP = 40;
const ANSWERS_AFTER_MS = 50;
const MIB = 2 ** 20;

interface Channel {
  readonly queued: number;
}

/** More changes than a person makes, into a receiver that takes its time. */
export const webhookLoad: Scenario = {
  name: 'webhook-load',
  title: `${EVENTS_A_SECOND} events a second for ${SECONDS} s into a webhook that answers after ${ANSWERS_AFTER_MS} ms`,
  async run() {
    const hook = await startHook({ answersAfterMs: ANSWERS_AFTER_MS });
    try {
      const without = await measure(undefined);
      const withHook = await measure(hook);
      const more = withHook.grownMib - without.grownMib;
      return {
        columns: [
          { title: 'events made a second' },
          { title: 'messages received' },
          { title: 'longest queue' },
          { title: 'drained after', unit: 's' },
          { title: 'memory grown', unit: 'MiB' },
        ],
        rows: [row('no channel', without), row('webhook', withHook)],
        aims: [
          {
            text: 'every event arrives',
            isReached: withHook.received === withHook.written,
            measured: `${withHook.received} of ${withHook.written}`,
          },
          ...atMost('the channel itself takes ≤ 64 MiB', 64, more, 'MiB'),
        ],
      };
    } finally {
      await hook.stop();
    }
  },
};

interface Measured {
  readonly written: number;
  readonly received: number;
  readonly rate: number;
  readonly longestQueue: number;
  readonly drainedSeconds: number;
  readonly grownMib: number;
}

function row(name: string, { rate, received, longestQueue, drainedSeconds, grownMib }: Measured): Row {
  return { name, values: [rate, received, longestQueue, drainedSeconds, grownMib] };
}

async function measure(hook: Hook | undefined): Promise<Measured> {
  const gateway = await BenchGateway.started([]);
  const admin = new HttpProbe(gateway.adminUrl);
  const write = (revision: number) => {
    const changes = Array.from({ length: BATCH }, (_, index) => {
      const configuration = answeredRoute(`bench-${index}`, `/bench/${index}`, revision);
      return { op: 'upsert', configType: 'route', configId: configuration.id, configuration };
    });
    return admin.expect('POST', '/api/configuration/batch', { changes });
  };
  const queued = async (): Promise<number> => {
    const { body } = await admin.expect('GET', '/api/configuration/notifications');
    return (JSON.parse(body) as { channels: Channel[] }).channels[0]?.queued ?? 0;
  };
  try {
    if (hook) {
      const notification = { webhook: { url: hook.url, 'allow-insecure': true } };
      await admin.expect('POST', '/api/configuration/global?configId=notification', notification);
    }
    for (let revision = 0; revision < WARM_UP; revision += 1) await write(revision);
    while ((await queued()) > 0) await setTimeout(20);
    const before = residentBytes(gateway.pid);
    const receivedBefore = (await hook?.received()) ?? 0;

    let most = 0;
    let longestQueue = 0;
    let written = 0;
    const startedMs = performance.now();
    for (let revision = WARM_UP; written < EVENTS_A_SECOND * SECONDS; revision += 1) {
      await write(revision);
      written += BATCH;
      most = Math.max(most, residentBytes(gateway.pid));
      longestQueue = Math.max(longestQueue, await queued());
      const dueMs = startedMs + (written / EVENTS_A_SECOND) * 1_000;
      await setTimeout(Math.max(0, dueMs - performance.now()));
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    while ((await queued()) > 0) await setTimeout(20);
    const drainedSeconds = (performance.now() - startedMs) / 1_000 - seconds;
    const received = ((await hook?.received()) ?? 0) - receivedBefore;
    return {
      written,
      received,
      rate: written / seconds,
      longestQueue,
      drainedSeconds,
      grownMib: (most - before) / MIB,
    };
  } finally {
    admin.close();
    await gateway.dispose();
  }
}
