import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '@tigateway/model';
import { InProcessDocumentParser } from './in-process-document-parser.js';
import { WorkerDocumentParser } from './worker-document-parser.js';

const ROOT = join(import.meta.dirname, '../../../..');

function routes(count: number): string {
  const route = (index: number): string =>
    `  - id: service-${index}\n    uri: http://\${HOST}:9001\n    predicates: [Path=/service-${index}/**]\n    filters: [StripPrefix=1]\n`;
  return `routes:\n${Array.from({ length: count }, (_, index) => route(index)).join('')}`;
}

function yaml(text: string) {
  return { kind: 'text', name: 'routes.yaml', format: 'yaml', text, placeholders: true } as const;
}

describe('WorkerDocumentParser', () => {
  const environment = { HOST: 'upstream' };
  let folder: string;
  let script: URL;
  let parser: WorkerDocumentParser;

  // A thread runs JavaScript only: the parser is built for this test, within reach of node_modules.
  beforeAll(async () => {
    folder = await mkdtemp(join(ROOT, 'node_modules/.parser-worker-'));
    const swc = join(ROOT, 'node_modules/@swc/cli/bin/swc.js');
    const sources = ['libs/model/src', 'libs/configuration/src/parser', '--ignore', '**/*.spec.ts'];
    await promisify(execFile)(process.execPath, [swc, ...sources, '-d', folder], { cwd: ROOT });
    script = pathToFileURL(join(folder, 'libs/configuration/src/parser/parser.worker.js'));
  });

  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => parser.close());

  it('says the same as the parser in this process, in every part', async () => {
    parser = new WorkerDocumentParser(script, environment, new SystemClock());
    const document = yaml(`${routes(1_000)}unknown: 1\n`);
    const inProcess = new InProcessDocumentParser(environment);
    expect(await parser.parse('file', yaml(routes(1_000)))).toEqual(await inProcess.parse('file', yaml(routes(1_000))));
    expect(await parser.parse('file', document)).toEqual(await inProcess.parse('file', document));
  });

  it('reads as it does, with what is wrong, in the environment that is given', async () => {
    parser = new WorkerDocumentParser(script, environment, new SystemClock());
    const listed = routes(1_000)
      .replace('routes:', 'spring.cloud.gateway.routes:')
      .replace('service-7\n', 'service-8\n');
    const document = yaml(`${listed}server.port: 8080\n`);
    const read = await parser.read('request', document, { HOST: 'elsewhere' });
    expect(read).toEqual(
      await new InProcessDocumentParser(environment).read('request', document, { HOST: 'elsewhere' }),
    );
    expect(read.objects[0]?.configuration).toMatchObject({ uri: 'http://elsewhere:9001' });
    expect(read.problems).toMatchObject([{ code: 'duplicate-id' }]);
    expect(read.foreign).toHaveLength(1);
  });

  it('hands over objects that inherit nothing', async () => {
    parser = new WorkerDocumentParser(script, environment, new SystemClock());
    const { objects } = await parser.parse('file', yaml(routes(200)));
    expect(objects).toHaveLength(200);
    expect('toString' in (objects[0]?.configuration as object)).toBe(false);
  });

  it('parses several documents one after the other', async () => {
    parser = new WorkerDocumentParser(script, environment, new SystemClock());
    const counts = [300, 200, 400];
    const parsed = await Promise.all(counts.map((count) => parser.parse('file', yaml(routes(count)))));
    expect(parsed.map(({ objects }) => objects.length)).toEqual(counts);
  });

  it('reports a thread that dies as a problem of the document, and goes on with a new one', async () => {
    const missing = new URL('./missing.js', script);
    parser = new WorkerDocumentParser(missing, environment, new SystemClock());
    const first = await parser.parse('file', yaml(routes(300)));
    const second = await parser.parse('file', yaml(routes(300)));
    for (const { objects, problems } of [first, second]) {
      expect(objects).toEqual([]);
      expect(problems).toMatchObject([{ code: 'parser-failed' }]);
    }
  });
});
