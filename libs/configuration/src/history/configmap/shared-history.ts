import { type ConfigurationVersion, forEachSliced, keyText } from '@tigateway/model';
import { CONFIG_MAPS, type KubernetesClient } from '@tigateway/kubernetes';
import type { SharedState, StoredApiObject, StoredPending } from '../configuration-store.js';
import { HISTORY_LABELS, historyOf, type KeyHistory } from './history-config-map.js';
import type { ConfigMap, JournalEntry, JournalPlace } from './journal-head.js';
import { patched, patchesOf } from './key-patch.js';
import { pendingName, pendingOf } from './pending-config-map.js';

/** Everything that the cluster keeps, read at once. */
export class SharedHistory {
  private constructor(
    /** By key text. */
    readonly keys: Map<string, KeyHistory>,
    readonly pending: Map<string, StoredPending>,
  ) {}

  /** @throws KubernetesError; SyntaxError where a ConfigMap is not as this program writes it */
  static async read(client: KubernetesClient, gateway: string): Promise<SharedHistory> {
    const { namespace } = client;
    const labels = Object.entries({ ...HISTORY_LABELS, gateway }).map(([name, value]) => `${name}=${value}`);
    const { items } = await client.list<ConfigMap>(CONFIG_MAPS, { namespace, labelSelector: labels.join() });
    const keys = new Map<string, KeyHistory>();
    await forEachSliced(items, (item) => {
      const history = historyOf(item);
      keys.set(keyText(history.key), history);
    });
    const waiting = await client.get<ConfigMap>(CONFIG_MAPS, pendingName(gateway), namespace);
    const pending = new Map((waiting ? pendingOf(waiting) : []).map((each) => [each.id, each]));
    return new SharedHistory(keys, pending);
  }

  /** What an entry has changed, whether it is in it already or not. */
  async add(entry: JournalEntry): Promise<void> {
    await forEachSliced(
      patchesOf(entry),
      ([text, patch]) => void this.keys.set(text, patched(this.keys.get(text), patch)),
    );
    for (const id of entry.commit.removePending ?? []) this.pending.delete(id);
    for (const each of entry.commit.putPending ?? []) this.pending.set(each.id, each);
  }

  async state({ sequence, eventSequence, lastVersionMs }: JournalPlace): Promise<SharedState> {
    const apiObjects: StoredApiObject[] = [];
    const versions = new Map<string, ConfigurationVersion>();
    const current: SharedState['current'][number][] = [];
    const holds: SharedState['holds'][number][] = [];
    await forEachSliced(this.keys, ([text, history]) => {
      const content = (name: string): ConfigurationVersion | undefined =>
        history.versions.find(({ version }) => version === name);
      const running = history.current && content(history.current.version);
      if (history.current && running) {
        current.push(history.current);
        versions.set(text, running);
      }
      const made = history.api && content(history.api.version);
      if (history.api && made) {
        apiObjects.push({ ...history.key, configuration: made.configuration, ...history.api });
      }
      if (history.hold) holds.push(history.hold);
    });
    return {
      sequence,
      apiObjects: apiObjects.sort((a, b) => a.createdSequence - b.createdSequence),
      current,
      versions,
      holds,
      pending: [...this.pending.values()],
      lastVersionMs,
      lastSequence: eventSequence,
    };
  }
}
