import { parentPort, workerData } from 'node:worker_threads';
import { ConfigurationParser } from './configuration-parser.js';
import type { ParsedDocument } from './parsed-document.js';
import { partsOf } from './parsed-parts.js';
import type { Answer, DocumentQuestion, Question, WorkerData } from './parser-protocol.js';

/* The parsing thread: one document at a time, its answer in parts. */

const { environment } = workerData as WorkerData;
const parser = new ConfigurationParser();
let parts: Generator<ParsedDocument> = partsOf({ objects: [], problems: [], warnings: [] });

function answerTo(question: DocumentQuestion): ParsedDocument {
  const { source, document } = question;
  if (question.ask === 'parse') return parser.parse(source, document, environment);
  return parser.read(source, document, question.environment);
}

parentPort?.on('message', (question: Question) => {
  if (question.ask !== 'next') parts = partsOf(answerTo(question));
  const next = parts.next();
  const answer: Answer = next.done ? { part: '', isLast: true } : { part: JSON.stringify(next.value), isLast: false };
  parentPort?.postMessage(answer);
});
