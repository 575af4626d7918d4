import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { KubernetesError } from './kubernetes-error.js';

/** How long a connection may take to be there, in milliseconds; one by way of a proxy as long as the proxy lets it. */
const CONNECT_MS = 4_000;

/** Between the last time that connections are given out and their end, in milliseconds. */
const RETIRE_MS = 1_000;

const SERVICE_ACCOUNT_TOKEN = 'var/run/secrets/kubernetes.io/serviceaccount/token';

export interface ClusterCredentialsOptions {
  /** A file; empty: the service account of the pod, else `KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig: string;
  /** Empty: the current one. */
  readonly context: string;
  /** Where the file system of the pod begins: tests have one of their own. */
  readonly root: string;
}

export interface ClusterConnection {
  /** URL of the API server. */
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Where the API server is and how it is told who asks. Tokens, plugins and certificates are looked at for every request, so that
 * what rotates is followed; connections stay while certificates do.
 */
export class ClusterCredentials {
  private current: { readonly madeFor: string; readonly dispatcher: Promise<Dispatcher> } | undefined;
  private readonly retired = new Set<Promise<Dispatcher>>();

  private constructor(
    private config: KubeConfig,
    private readonly options: ClusterCredentialsOptions,
  ) {}

  /** @throws KubernetesError where there are none */
  static async load(options: ClusterCredentialsOptions): Promise<ClusterCredentials> {
    return new ClusterCredentials(await readConfig(options), options);
  }

  /** Of the context, or of the pod; `undefined` where neither has one. */
  get namespace(): string | undefined {
    return this.config.getContextObject(this.config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  /** @throws KubernetesError where a plugin or a file that the credentials need fails */
  async connection(): Promise<ClusterConnection> {
    const server = this.config.getCurrentCluster()?.server ?? '';
    try {
      const options = await this.authorized();
      return { server, headers: headersOf(options), dispatcher: await this.dispatcherFor(options) };
    } catch (error) {
      const message = `the credentials cannot be had: ${(error as Error).message}`;
      throw new KubernetesError(0, 'Credentials', message, undefined, { cause: error });
    }
  }

  /** Reads all anew; what the server refused may have been kept from before a rotation. */
  async reload(): Promise<void> {
    this.config = await readConfig(this.options);
  }

  /** The next request opens a connection of its own; what is under way on the old ones comes to its end. */
  dropConnections(): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    this.retired.add(current.dispatcher);
    const end = async (): Promise<void> => {
      await (await current.dispatcher).close();
      this.retired.delete(current.dispatcher);
    };
    // Who was given it a moment ago may be about to use it.
    setTimeout(() => void end().catch(() => undefined), RETIRE_MS).unref();
  }

  async close(): Promise<void> {
    this.dropConnections();
    for (const dispatcher of this.retired) await (await dispatcher).destroy();
    this.retired.clear();
  }

  /**
   * A file that is read while somebody writes it is empty, and the package keeps what it read for a minute, in which the server
   * would take the gateway for nobody.
   */
  private async authorized(): Promise<RequestOptions> {
    for (let attempt = 1; ; attempt++) {
      const options: RequestOptions = {};
      await this.config.applyToHTTPSOptions(options);
      const { config } = (this.config.getCurrentUser()?.authProvider ?? {}) as { config?: { tokenFile?: string } };
      if (!config?.tokenFile || headersOf(options)['Authorization']?.startsWith('Bearer ')) return options;
      if (attempt === 2) throw new Error(`${config.tokenFile} has no token in it`);
      await this.reload();
    }
  }

  private dispatcherFor(options: RequestOptions): Promise<Dispatcher> {
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const madeFor = [ca, cert, key, rejectUnauthorized, servername].map(String).join('\n');
    if (this.current?.madeFor !== madeFor) {
      this.dropConnections();
      this.current = { madeFor, dispatcher: this.newDispatcher(options) };
    }
    return this.current.dispatcher;
  }

  private async newDispatcher({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): Promise<Dispatcher> {
    const { Agent } = await import('undici');
    const tls = { ca, cert, key, rejectUnauthorized, servername };
    const wanted = this.config.createDispatcherOptions(this.config.getCurrentCluster(), tls);
    if (wanted.type === 'none') return new Agent({ connect: { timeout: CONNECT_MS } });
    if (wanted.type === 'agent') return new Agent({ connect: { ...wanted.connect, timeout: CONNECT_MS } });
    const { HttpMethod, RequestContext } = await import('@kubernetes/client-node');
    const context = new RequestContext('https://kubernetes', HttpMethod.GET);
    await this.config.applySecurityAuthentication(context);
    return context.getDispatcher() ?? new Agent();
  }
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const written: Record<string, string> = {};
  // Files of tokens end in a line break more often than not.
  for (const [name, value] of Object.entries(headers ?? {})) written[name] = String(value).trim();
  if (auth) written['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return written;
}

async function readConfig({ kubeconfig, context, root }: ClusterCredentialsOptions): Promise<KubeConfig> {
  // Half a second and 40 MB, which only those pay who use Kubernetes.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (kubeconfig !== '') {
      config.loadFromFile(kubeconfig);
      await readTokenFiles(config, [kubeconfig]);
    } else if (process.env['KUBERNETES_SERVICE_HOST'] && existsSync(join(root, SERVICE_ACCOUNT_TOKEN))) {
      config.loadFromCluster(root === '/' ? '' : root);
    } else {
      config.loadFromDefault();
      await readTokenFiles(config, defaultFiles());
    }
  } catch (error) {
    throw new KubernetesError(0, 'Kubeconfig', `kubeconfig: ${(error as Error).message}`, undefined, { cause: error });
  }
  if (context !== '') config.setCurrentContext(context);
  if (!config.getCurrentCluster()) {
    const named = config.getCurrentContext() || '(none)';
    throw new KubernetesError(0, 'Kubeconfig', `kubeconfig: the context ${named} names no cluster`);
  }
  return config;
}

function defaultFiles(): readonly string[] {
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  return named.length > 0 ? named : [join(homedir(), '.kube/config')].filter(existsSync);
}

interface KubeconfigText {
  readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
}

/** The package passes over the key `tokenFile` of a user, and knows the same under another name. */
async function readTokenFiles(config: KubeConfig, files: readonly string[]): Promise<void> {
  const { parse } = await import('yaml');
  for (const file of files) {
    const { users = [] } = parse(readFileSync(file, 'utf8')) as KubeconfigText;
    for (const { name, user } of users) {
      if (user?.tokenFile === undefined) continue;
      const tokenFile = resolve(dirname(file), user.tokenFile);
      config.users = config.users.map((each) =>
        each.name === name ? { ...each, authProvider: { name: 'tokenFile', config: { tokenFile } } } : each,
      );
    }
  }
}
