import { defineConfig } from 'vitest/config';
import { withoutCluster } from './test/kubernetes/cluster.js';

const reason = withoutCluster();
if (reason !== undefined) console.warn(`skipped: ${reason}`);

/** What needs a real API server. */
export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['reflect-metadata'],
    include: reason === undefined ? ['test/kubernetes/**/*.spec.ts'] : [],
    passWithNoTests: reason !== undefined,
    globalSetup: reason === undefined ? ['test/kubernetes/global-setup.ts'] : [],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Only a hang reaches it; what a cluster settles by itself is nobody's event.
    expect: { poll: { timeout: 60_000, interval: 25 } },
  },
});
