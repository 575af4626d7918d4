import { Logger } from '@nestjs/common';
import type { Clock, DeadLetter, DeliveryProgress, Scheduled } from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient } from '@tigateway/kubernetes';
import { bodyBytes, bodyText } from '../body-compression.js';
import type { StoreCommit } from '../configuration-store.js';
import type { ConfigMap } from './journal-head.js';
import { putConfigMap } from './put-config-map.js';

export type DeliveryCommit = Required<Pick<StoreCommit, 'putDeliveries' | 'putDeadLetters'>>;

/** What was delivered since is delivered again when another process takes over, in milliseconds. */
const WRITE_MS = 1_000;
/** Kubernetes takes 1 MiB; of dead letters that do not fit, the oldest are only on the disk of who gave them up. In bytes. */
const SIZE_LIMIT = 700 * 1_024;
const PROGRESS = 'progress';

/** How far the channels have come, and what they gave up, for whoever sends next. */
export class SharedDeliveries {
  private readonly logger = new Logger('Notifications');
  private readonly progress = new Map<string, DeliveryProgress>();
  private readonly letters = new Map<string, DeadLetter>();
  private scheduled: Scheduled | undefined;
  private writing: Promise<void> = Promise.resolve();
  private hasFailed = false;

  constructor(
    private readonly client: KubernetesClient,
    private readonly gateway: string,
    private readonly clock: Clock,
  ) {}

  /** @throws KubernetesError */
  async read(): Promise<DeliveryCommit> {
    const found = await this.client.get<ConfigMap>(CONFIG_MAPS, this.name, this.client.namespace);
    this.progress.clear();
    this.letters.clear();
    const putDeliveries = JSON.parse(found?.data?.[PROGRESS] ?? '[]') as DeliveryProgress[];
    const putDeadLetters = Object.values(found?.binaryData ?? {}).map(
      (body) => JSON.parse(bodyText(Buffer.from(body, 'base64'))) as DeadLetter,
    );
    this.take({ putDeliveries, putDeadLetters });
    return { putDeliveries, putDeadLetters };
  }

  /** Writes down soon what a commit says of deliveries. */
  note(commit: StoreCommit): void {
    if (!this.take(commit)) return;
    this.scheduled ??= this.clock.schedule(WRITE_MS, () => void this.flush());
  }

  /** Settles once everything that was noted is written, or cannot be. */
  flush(): Promise<void> {
    if (!this.scheduled) return this.writing;
    this.scheduled.cancel();
    this.scheduled = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  /** Nothing more is written: another process does. */
  stop(): void {
    this.scheduled?.cancel();
    this.scheduled = undefined;
  }

  private take({
    putDeliveries = [],
    removeDeliveries = [],
    putDeadLetters = [],
    removeDeadLetters = [],
  }: StoreCommit) {
    for (const channel of removeDeliveries) this.progress.delete(channel);
    for (const each of putDeliveries) this.progress.set(each.channel, each);
    for (const { channel, sequence } of removeDeadLetters) this.letters.delete(`${channel}.${sequence}`);
    for (const letter of putDeadLetters) this.letters.set(`${letter.channel}.${letter.sequence}`, letter);
    return putDeliveries.length + removeDeliveries.length + putDeadLetters.length + removeDeadLetters.length > 0;
  }

  private get name(): string {
    return `${this.gateway}-config-deliveries`;
  }

  private async write(): Promise<void> {
    const labels = { app: 'tigateway', component: 'config-deliveries', gateway: this.gateway };
    const binaryData: Record<string, string> = {};
    let bytes = 0;
    for (const [key, letter] of [...this.letters].reverse()) {
      const body = bodyBytes(JSON.stringify(letter), true).toString('base64');
      bytes += body.length;
      if (bytes > SIZE_LIMIT) break;
      binaryData[key] = body;
    }
    try {
      await putConfigMap(this.client, {
        metadata: { name: this.name, namespace: this.client.namespace, labels },
        data: { [PROGRESS]: JSON.stringify([...this.progress.values()]) },
        binaryData,
      });
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) this.logger.warn(`deliveries are not written for the others: ${(error as Error).message}`);
      this.hasFailed = true;
      this.scheduled ??= this.clock.schedule(WRITE_MS, () => void this.flush());
    }
  }
}
