import { keepFreedMemory } from './lifecycle/kept-memory.js';
import { optimizeLater } from './lifecycle/late-optimization.js';

keepFreedMemory();
const optimizeAsUsual = optimizeLater();
// Loading is the first half of a start.
const { run } = await import('./run.js');
await run();
optimizeAsUsual();
