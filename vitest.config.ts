import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['reflect-metadata'],
    include: ['{apps,libs}/*/src/**/*.spec.ts', 'test/e2e/**/*.spec.ts', 'test/fuzz/**/*.spec.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Only a hang reaches it.
    expect: { poll: { timeout: 30_000 } },
  },
});
