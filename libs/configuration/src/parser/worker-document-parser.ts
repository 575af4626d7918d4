import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Clock, ParsedObject, Problem, Scheduled, SourceDocument, SourceName } from '@tigateway/model';
import type { TextDocument } from './configuration-parser.js';
import { DocumentParser } from './document-parser.js';
import { InProcessDocumentParser } from './in-process-document-parser.js';
import type { ParsedDocument } from './parsed-document.js';
import { PartAdoption } from './parsed-parts.js';
import type { Answer, DocumentQuestion, Question, WorkerData } from './parser-protocol.js';
import type { Environment } from './placeholders.js';

/** Up to here parsing takes less time than a thread's round trip is worth: a few milliseconds. */
const IN_PROCESS_CHARACTERS = 16_384;

/** A thread that has nothing to do is ended after this long: what a large document made it take is given back. */
const IDLE_MS = 10_000;

/**
 * Parses large documents in a thread of its own, one after the other. A thread that dies (out of memory) is a problem of the
 * document that it was parsing; the next one gets a new thread.
 */
export class WorkerDocumentParser extends DocumentParser {
  private readonly small: InProcessDocumentParser;
  private worker: Worker | undefined;
  private idle: Scheduled | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  /** @param script the built `parser.worker.js` */
  constructor(
    private readonly script: URL,
    private readonly environment: Environment,
    private readonly clock: Clock,
  ) {
    super();
    this.small = new InProcessDocumentParser(environment);
  }

  parse(source: SourceName, document: SourceDocument): Promise<ParsedDocument> {
    if (document.kind === 'objects' || document.text.length <= IN_PROCESS_CHARACTERS) {
      return this.small.parse(source, document);
    }
    return this.inTurn({ ask: 'parse', source, document });
  }

  read(source: SourceName, document: TextDocument, environment: Environment): Promise<ParsedDocument> {
    if (document.text.length <= IN_PROCESS_CHARACTERS) return this.small.read(source, document, environment);
    return this.inTurn({ ask: 'read', source, document, environment });
  }

  async close(): Promise<void> {
    await this.queue;
    await this.endWorker();
  }

  private inTurn(question: DocumentQuestion): Promise<ParsedDocument> {
    const parsed = this.queue.then(() => this.askWorker(question));
    // Only the turn is kept, not what was read in it.
    this.queue = parsed.then(() => undefined);
    return parsed;
  }

  private async askWorker(question: DocumentQuestion): Promise<ParsedDocument> {
    this.idle?.cancel();
    const worker = (this.worker ??= this.startWorker());
    worker.ref();
    try {
      return await readParts(worker, question);
    } catch (error) {
      await this.endWorker();
      return { objects: [], problems: [parserFailed(question, error)], warnings: [] };
    } finally {
      worker.unref();
      this.idle = this.clock.schedule(IDLE_MS, () => void this.endWorker());
    }
  }

  private startWorker(): Worker {
    const workerData: WorkerData = { environment: this.environment };
    return new Worker(this.script, { workerData });
  }

  private async endWorker(): Promise<void> {
    this.idle?.cancel();
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
  }
}

/** @throws what ended the thread */
async function readParts(worker: Worker, question: Question): Promise<ParsedDocument> {
  const objects: ParsedObject[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  let foreign: readonly Problem[] | undefined;
  const adoption = new PartAdoption();
  const answers = new AnswersOf(worker);
  try {
    let answer = await answers.to(question);
    while (!answer.isLast) {
      // The thread makes the next part while this one is taken over.
      const next = answers.to({ ask: 'next' });
      // A thread that dies meanwhile is met where it is waited for.
      next.catch(() => undefined);
      const part = JSON.parse(answer.part) as ParsedDocument;
      for (const object of part.objects) objects.push(adoption.adopt(object));
      problems.push(...part.problems);
      warnings.push(...part.warnings);
      foreign ??= part.foreign;
      await setImmediate();
      answer = await next;
    }
    return { objects, problems, warnings, ...(foreign && { foreign }) };
  } finally {
    answers.stop();
  }
}

class AnswersOf {
  private readonly ended = new AbortController();
  private readonly onExit = (): void => this.ended.abort();

  constructor(private readonly worker: Worker) {
    worker.once('exit', this.onExit);
  }

  async to(question: Question): Promise<Answer> {
    const answer = once(this.worker, 'message', { signal: this.ended.signal });
    this.worker.postMessage(question);
    return ((await answer) as [Answer])[0];
  }

  stop(): void {
    this.worker.off('exit', this.onExit);
  }
}

function parserFailed({ source, document }: DocumentQuestion, error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `the document could not be parsed: ${reason}`;
  return {
    pointer: '',
    code: 'parser-failed',
    message,
    position: { source, document: document.name, line: 1, column: 1 },
  };
}
