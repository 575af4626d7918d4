import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { inject } from 'vitest';

/** What is told of a running cluster from process to process. */
export interface ClusterFacts {
  /** Of the API server. */
  readonly url: string;
  /** Certificates of who signed the API server's. A file. */
  readonly caFile: string;
  /** Of a user who may do all. */
  readonly adminToken: string;
  /** A file; of the same user. */
  readonly kubeconfig: string;
  /** Where files of the cluster are, which go when it ends. */
  readonly folder: string;
  readonly kubectl: string;
  readonly helm: string;
  /** Of the major version before. */
  readonly helm3: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterFacts;
  }
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The API server as its administrator uses it, by plain requests: what the tests check is none of their means. */
export class ClusterAccess {
  private agent: Agent | undefined;

  constructor(readonly facts: ClusterFacts) {}

  /** The one that the whole run shares: never stop it, and work in namespaces of your own. */
  static shared(): ClusterAccess {
    return new ClusterAccess(inject('cluster'));
  }

  get url(): string {
    return this.facts.url;
  }

  get kubeconfig(): string {
    return this.facts.kubeconfig;
  }

  async request<T = unknown>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    this.agent ??= new Agent({ connect: { ca: readFileSync(this.facts.caFile, 'utf8') } });
    const answer = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${this.facts.adminToken}`, 'content-type': type },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, body: (isJson ? JSON.parse(text) : text) as T };
  }

  /** Like `request`. @throws Error where the API server refuses */
  async must<T = unknown>(method: Method, path: string, body?: unknown): Promise<T> {
    const answer = await this.request<T>(method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** @returns its standard output. @throws Error with its standard error where it fails */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    return run(this.facts.kubectl, ['--kubeconfig', this.kubeconfig, ...args], input);
  }

  async helm(args: readonly string[], program = this.facts.helm): Promise<string> {
    return run(program, ['--kubeconfig', this.kubeconfig, ...args]);
  }

  /** A new namespace. No controller runs that would clear one away, so it stays for the cluster's life. */
  async namespace(prefix = 'test'): Promise<string> {
    const name = `${prefix}-${randomBytes(4).toString('hex')}`;
    await this.must('POST', '/api/v1/namespaces', { metadata: { name } });
    return name;
  }

  /** A new service account that may do what the rules say in its namespace, and nothing else. */
  async serviceAccount(namespace: string, name: string, rules: readonly PolicyRule[]): Promise<void> {
    await this.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    await this.allow(namespace, name, rules);
  }

  /** From now on the service account may do what the rules say in its namespace, in place of what it could before. */
  async allow(namespace: string, name: string, rules: readonly PolicyRule[]): Promise<void> {
    const folder = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const role = { metadata: { name }, rules };
    const replaced = await this.request('PUT', `${folder}/roles/${name}`, role);
    if (replaced.status === 404) await this.must('POST', `${folder}/roles`, role);
    await this.request('POST', `${folder}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
  }

  /** @param expirationSeconds 600 at least */
  async tokenOf(namespace: string, serviceAccount: string, expirationSeconds = 3_600): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
    const { status } = await this.must<{ status: { token: string } }>('POST', path, { spec: { expirationSeconds } });
    return status.token;
  }

  /**
   * A kubeconfig file of its own, for whoever the `user` part says: `{ token }`, `{ tokenFile }`, `{ exec }`, a client certificate.
   * @param server the API server, or a proxy before it
   */
  kubeconfigFor(user: Readonly<Record<string, unknown>>, namespace = 'default', server = this.url): string {
    const file = join(this.facts.folder, `kubeconfig-${randomBytes(6).toString('hex')}`);
    writeFileSync(file, kubeconfigOf(server, this.facts.caFile, user, namespace));
    return file;
  }

  async close(): Promise<void> {
    await this.agent?.destroy();
  }
}

/** JSON is YAML. */
export function kubeconfigOf(
  server: string,
  caFile: string,
  user: Readonly<Record<string, unknown>>,
  namespace: string,
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
  });
}

function run(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${args.join(' ')}: ${stderr || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}
