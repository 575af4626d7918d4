import 'reflect-metadata';
import { keepFreedMemory } from './lifecycle/kept-memory.js';
import { outlivePausedParsers } from './lifecycle/paused-parsers.js';
import { nameSourceLines } from './lifecycle/source-lines.js';
import { WorkerProcess } from './workers/worker-process.js';

// Signals reach the whole process group; what they mean is for the control process to say.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
nameSourceLines();
keepFreedMemory();
outlivePausedParsers();
WorkerProcess.run(process);
