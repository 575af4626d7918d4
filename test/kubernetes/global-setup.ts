import type { TestProject } from 'vitest/node';
import { Cluster } from './cluster.js';

/** One cluster for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await Cluster.start();
  project.provide('cluster', cluster.facts);
  return () => cluster.stop();
}
