import { keepFreedMemory } from './lifecycle/kept-memory.js';
import { optimizingLater } from './lifecycle/late-optimization.js';
import { outlivePausedParsers } from './lifecycle/paused-parsers.js';
import { nameSourceLines } from './lifecycle/source-lines.js';
import { collectingUndivided } from './lifecycle/undivided-collection.js';

nameSourceLines();
keepFreedMemory();
outlivePausedParsers();
await collectingUndivided(() =>
  optimizingLater(async () => {
    // Loading is the first half of a start.
    const { run } = await import('./run.js');
    await run();
  }),
);
