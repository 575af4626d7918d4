import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ConfigurationStoreError } from '@tigateway/model';
import type { StoreAnswer, StoreCallName, StoreCalls } from './store-protocol.js';

interface Waiting {
  readonly resolve: (result: StoreCalls[StoreCallName]['result']) => void;
  readonly reject: (error: ConfigurationStoreError) => void;
}

/** The store's thread, from outside: calls in, promises out. */
export class StoreConnection {
  /** Flags of the process (a debugger's, an evaluated program's) are not for this thread. */
  private readonly worker = new Worker(workerEntry(), { name: 'configuration-store', execArgv: [] });
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private ended?: ConfigurationStoreError;

  constructor() {
    this.worker.on('message', (answer: StoreAnswer) => this.settle(answer));
    this.worker.on('error', (error) => this.end(`failed: ${error.message}`));
    this.worker.on('exit', () => this.end('has ended'));
    this.worker.unref();
  }

  call<Name extends StoreCallName>(
    name: Name,
    argument: StoreCalls[Name]['argument'],
  ): Promise<StoreCalls[Name]['result']> {
    if (this.ended) return Promise.reject(this.ended);
    const id = (this.calls += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      // Only an open call keeps the process alive, never the store as such.
      this.worker.ref();
      this.worker.postMessage({ id, name, argument });
    });
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }

  private settle(answer: StoreAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (this.waiting.size === 0) this.worker.unref();
    if ('failure' in answer) waiting?.reject(new ConfigurationStoreError(answer.failure));
    else waiting?.resolve(answer.result);
  }

  private end(why: string): void {
    this.ended ??= new ConfigurationStoreError(`the store's thread ${why}; the gateway must be started again`);
    for (const { reject } of this.waiting.values()) reject(this.ended);
    this.waiting.clear();
  }
}

/**
 * A worker thread is loaded by Node itself, which reads JavaScript only. The build has the worker beside this file; when a
 * test runner runs the sources it is taken from the build (`npm test` builds first).
 */
function workerEntry(): URL {
  const beside = new URL('./store.worker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL(beside.href.replace(/\/libs\/(?!.*\/libs\/)/, '/dist/libs/'));
}
