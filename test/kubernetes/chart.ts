import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ClusterAccess } from './cluster-access.js';

/** The folder of the chart. */
export const CHART = resolve(import.meta.dirname, '../../charts/tigateway');

/** The sets of values that the chart is tried with, by name. */
export const VALUE_SETS: readonly string[] = readdirSync(join(CHART, 'ci')).map((file) =>
  file.replace(/-values\.yaml$/, ''),
);

/** The file of one of them. */
export function valuesFile(name: string): string {
  return join(CHART, 'ci', `${name}-values.yaml`);
}

export type Labels = Readonly<Record<string, string>>;

export interface RenderedPod {
  readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly enableServiceLinks: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: Labels } }[];
    readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[];
    readonly containers: readonly {
      readonly securityContext: object;
      readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[];
    }[];
  };
}

/** An object as the chart renders it: of each kind, what tests read of it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Labels };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: RenderedPod;
    readonly strategy: object;
    /** A Service's is of labels alone. */
    readonly selector: Labels & { readonly matchLabels: Labels };
    readonly podSelector: { readonly matchLabels: Labels };
  };
}

/** How a release is rendered: its name, its namespace, further arguments of helm. */
export interface ReleaseOptions {
  readonly release?: string;
  readonly namespace?: string;
  readonly args?: readonly string[];
  /** The helm that does it; the newest where none is named. */
  readonly helm?: string;
}

/** Everything that the chart makes, hooks included. @throws Error with what helm has to say */
export async function renderChart(
  cluster: ClusterAccess,
  { release = 'tigateway', namespace = 'tigateway', args = [], helm }: ReleaseOptions = {},
): Promise<Rendered[]> {
  const text = await cluster.helm(['template', release, CHART, '--namespace', namespace, ...args], helm);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** The one object of a kind, and of a name where there are several. */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} objects are a ${kind} ${name ?? ''}`);
  return found[0]!;
}

/** Runs what needs values as a file. @returns what it returns */
export async function withValues<T>(values: object, use: (args: readonly string[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'values-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return await use(['--values', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
