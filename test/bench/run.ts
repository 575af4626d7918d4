import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, pinSelf } from './machine.js';
import { publish } from './page.js';
import { isInstalled } from './processes/external.js';
import { formatResult } from './report.js';
import type { BenchOptions } from './scenario.js';
import { SCENARIOS } from './scenarios/catalogue.js';

const RESULTS = 'test/bench/results';
const USAGE = `npm run bench [-- <scenario>… [--routes 10,1000,10000,100000] [--rounds 3] [--draft]]
--draft leaves docs/benchmarks.md as it is
scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}`;

/** Runs what is asked for (everything, if nothing is), prints tables, and leaves the figures in a file. */
async function run(names: readonly string[], options: BenchOptions, isDraft: boolean): Promise<void> {
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}\n${USAGE}`);
  pinSelf();
  const startedAt = new Date().toISOString();
  const results: Record<string, object> = {};
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${startedAt.replaceAll(':', '-')}.json`);
  for (const scenario of SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const missing = scenario.needs?.filter((program) => !isInstalled(program)) ?? [];
    if (missing.length > 0) {
      process.stdout.write(
        `${scenario.name}: left out, for want of ${missing.join(', ')} (test/setup/bench-peers)\n\n`,
      );
      continue;
    }
    try {
      const result = await scenario.run(options);
      process.stdout.write(`${formatResult(scenario, result)}\n`);
      if (!isDraft) await publish(scenario, result);
      results[scenario.name] = { title: scenario.title, ...result };
    } catch (error) {
      // The other scenarios are worth their time all the same.
      process.stdout.write(`${scenario.name}: failed: ${(error as Error).message}\n\n`);
      process.exitCode = 1;
    }
    writeFileSync(
      file,
      `${JSON.stringify({ startedAt, machine: describeMachine(), options, results }, undefined, 2)}\n`,
    );
  }
  process.stdout.write(`figures: ${file}\n`);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      routes: { type: 'string', default: '10,1000,10000,100000' },
      rounds: { type: 'string', default: '3' },
      draft: { type: 'boolean', default: false },
    },
  });
  const routes = values.routes.split(',').map(Number);
  const rounds = Number(values.rounds);
  const isCount = (count: number): boolean => Number.isSafeInteger(count) && count > 1;
  if (!routes.every(isCount) || !(Number.isSafeInteger(rounds) && rounds > 0)) throw new Error(USAGE);
  await run(positionals, { routes: routes.sort((a, b) => a - b), rounds }, values.draft);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
