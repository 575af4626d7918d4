import { type ConfigType, type ConfigurationKey, type ConfigurationVersion, toRecords } from '@tigateway/model';
import { bodyBytes, bodyText } from '../body-compression.js';
import type { HistoryRetention, StoredApiObject, StoredCurrent, StoredHold } from '../configuration-store.js';
import { versionMs } from '../version-name.js';
import type { ConfigMap } from './journal-head.js';
import { historyName, labelValue } from './object-names.js';

/** All that the cluster keeps of one configuration. */
export interface KeyHistory {
  readonly key: ConfigurationKey;
  /** Newest first. */
  readonly versions: readonly ConfigurationVersion[];
  readonly current?: StoredCurrent;
  /** What the API has made: the version that has its content, and its place among the API's configurations. */
  readonly api?: Pick<StoredApiObject, 'version' | 'createdSequence'>;
  readonly hold?: StoredHold;
  /** Of the newest journal entry that is in it. */
  readonly sequence: number;
}

export const HISTORY_LABELS = { app: 'tigateway', component: 'config-history' } as const;
const ID_ANNOTATION = 'tigateway.cn/config-id';
const METADATA = 'metadata';

/** Texts above this are kept compressed, in characters; shorter ones can be read with kubectl. */
const READABLE = 8 * 1_024;
/** Kubernetes takes 1 MiB; this leaves room for names and labels. In bytes. */
const SIZE_LIMIT = 900 * 1_024;

interface WrittenMetadata extends Pick<KeyHistory, 'api' | 'hold' | 'sequence'> {
  readonly latestVersion: string;
  readonly lastUpdated: string;
  readonly inForce?: Pick<StoredCurrent, 'version' | 'hash' | 'source'>;
}

/** @throws SyntaxError where it is not as this program writes it */
export function historyOf({ data = {}, binaryData = {}, metadata }: ConfigMap): KeyHistory {
  const { configType, configId: label = '' } = metadata.labels ?? {};
  const key = { configType: configType as ConfigType, configId: metadata.annotations?.[ID_ANNOTATION] ?? label };
  const { inForce, api, hold, sequence } = JSON.parse(data[METADATA] ?? '') as WrittenMetadata;
  const texts = new Map(Object.entries(data).filter(([name]) => name !== METADATA));
  for (const [name, body] of Object.entries(binaryData)) texts.set(name, bodyText(Buffer.from(body, 'base64')));
  const versions = [...texts.values()].map((text) => {
    const version = JSON.parse(text) as ConfigurationVersion;
    return { ...version, configuration: toRecords(version.configuration) };
  });
  return {
    key,
    versions: versions.sort((a, b) => msOf(b) - msOf(a)),
    ...(inForce && { current: { ...key, ...inForce } }),
    ...(api && { api }),
    ...(hold && { hold: { ...hold, configuration: toRecords(hold.configuration) } }),
    sequence,
  };
}

/** Without what the retention no longer wants; the newest version and those in use stay. */
export function retained(
  history: KeyHistory,
  { maxVersions, retentionMs }: HistoryRetention,
  nowMs: number,
): KeyHistory {
  const used = new Set([history.current?.version, history.api?.version, history.hold?.version]);
  const versions = history.versions.filter(
    (version, place) =>
      place === 0 || used.has(version.version) || (place < maxVersions && msOf(version) >= nowMs - retentionMs),
  );
  return { ...history, versions };
}

/** Of the oldest version that retention may drop; `undefined` where there is none. In milliseconds since the epoch. */
export function oldestDroppableMs({ versions, current, api, hold }: KeyHistory): number | undefined {
  const used = new Set([current?.version, api?.version, hold?.version]);
  const oldest = versions.slice(1).findLast(({ version }) => !used.has(version));
  return oldest && msOf(oldest);
}

export function historyConfigMap(
  gateway: string,
  namespace: string,
  history: KeyHistory,
  compress: boolean,
): ConfigMap {
  const { key, versions, current, api, hold, sequence } = history;
  const [latest] = versions;
  const written: WrittenMetadata = {
    latestVersion: latest?.version ?? '',
    lastUpdated: latest?.timestamp ?? '',
    ...(current && { inForce: { version: current.version, hash: current.hash, source: current.source } }),
    ...(api && { api }),
    ...(hold && { hold }),
    sequence,
  };
  const data: Record<string, string> = { [METADATA]: JSON.stringify(written) };
  const binaryData: Record<string, string> = {};
  let bytes = Buffer.byteLength(data[METADATA] as string);
  const used = new Set([latest?.version, current?.version, api?.version, hold?.version]);
  // Those in use first: where not all have room, the oldest of the others stay out.
  const ordered = [...versions].sort((a, b) => Number(used.has(b.version)) - Number(used.has(a.version)));
  for (const version of ordered) {
    const text = JSON.stringify(version);
    const packed = compress && text.length > READABLE ? bodyBytes(text, true).toString('base64') : undefined;
    const size = Buffer.byteLength(packed ?? text);
    if (bytes + size > SIZE_LIMIT && !used.has(version.version)) continue;
    bytes += size;
    if (packed !== undefined) binaryData[version.version] = packed;
    else data[version.version] = text;
  }
  const labels = { ...HISTORY_LABELS, gateway, configType: key.configType, configId: labelValue(key.configId) };
  return {
    metadata: {
      name: historyName(gateway, key),
      namespace,
      labels,
      annotations: { [ID_ANNOTATION]: key.configId },
    },
    data,
    binaryData,
  };
}

/** Whether a version alone is too large for a ConfigMap. */
export function isTooLarge(version: ConfigurationVersion): boolean {
  const text = JSON.stringify(version);
  if (text.length <= SIZE_LIMIT / 4) return false;
  return Math.ceil(bodyBytes(text, true).length / 3) * 4 > SIZE_LIMIT;
}

function msOf({ version }: ConfigurationVersion): number {
  return versionMs(version) ?? 0;
}
