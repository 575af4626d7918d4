import {
  type ConfigType,
  ConfigurationConflictError,
  type ConfigurationKey,
  ConfigurationNotFoundError,
  ConfigurationPreconditionError,
  ConfigurationStoreError,
  ConfigurationValidationError,
  type ConfigurationVersion,
  hashOf,
  isJsonObject,
  type Json,
  type JsonObject,
  keyText,
  PendingChangeNotFoundError,
  type Problem,
  SourceDisabledError,
} from '@tigateway/model';
import {
  ConfigurationHistoryService,
  type ConfigurationInForce,
  type ConfigurationStatus,
  type Conflict,
  DynamicConfigurationService,
  type DryRunReport,
  type PendingChange,
  type RefreshReport,
  type RollbackOptions,
  type SourceStatus,
  type ValidationReport,
  type WriteOptions,
  type WriteOutcome,
  type WriteRequest,
} from '@tigateway/configuration';

/** A front door without a pipeline behind it: a map, a list of versions, and the errors that the real one has. */
export class InMemoryConfiguration extends DynamicConfigurationService {
  readonly inForce = new Map<string, ConfigurationInForce>();
  readonly versions: ConfigurationVersion[] = [];
  /** What is told instead of applying. */
  waiting: PendingChange | undefined;
  accepted: readonly PendingChange[] = [];
  apiEnabled = true;
  storeReachable = true;
  shadowedBy = new Map<string, string>();
  warnings: Problem[] = [];
  conflicting: Conflict[] = [];
  readonly refreshes: (string | undefined)[] = [];
  readonly validated: { text: string; format: string }[] = [];
  readonly written: { requests: readonly WriteRequest[]; options: WriteOptions }[] = [];

  /** Puts a configuration there as if a file had defined it. */
  define(configType: ConfigType, configId: string, configuration: Json): void {
    this.put(
      { configType, configId },
      configuration,
      this.record({ configType, configId }, configuration, 'file', {
        actor: 'file',
      }),
      'file',
    );
  }

  override write(requests: readonly WriteRequest[], options: WriteOptions): Promise<WriteOutcome> {
    return settled(() => {
      this.written.push({ requests, options });
      if (!this.apiEnabled) throw new SourceDisabledError('the API source is disabled');
      if (!this.storeReachable) throw new ConfigurationStoreError('the disk is full');
      this.check(requests);
      if (this.waiting) return { kind: 'pending', pending: this.waiting };
      const versions = requests.map((request) => this.apply(request, options));
      return { kind: 'applied', versions, shadowedBy: this.shadowedBy, warnings: this.warnings };
    });
  }

  override preview(requests: readonly WriteRequest[]): Promise<DryRunReport> {
    return settled(() => {
      try {
        this.check(requests);
      } catch (error) {
        if (!(error instanceof ConfigurationValidationError)) throw error;
        return { valid: false, errors: error.problems, warnings: [], changes: [] };
      }
      const changes = requests.map(({ configType, configId, op }) => ({ configType, configId, op }));
      return { valid: true, errors: [], warnings: this.warnings, changes, impact: { sampled: 0, changed: [] } };
    });
  }

  override rollback(
    key: ConfigurationKey,
    version: string,
    { ifMatch, ifNoneMatch, ...options }: RollbackOptions,
  ): Promise<ConfigurationVersion> {
    return settled(() => {
      this.checkVersion({ ...key, ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch && { ifNoneMatch }) });
      const found = this.versions.find((each) => keyText(each) === keyText(key) && each.version === version);
      if (!found) throw new ConfigurationNotFoundError(key, version);
      const made = {
        ...this.record(key, found.configuration, 'api', options),
        operation: 'rollback' as const,
        rollbackOf: version,
      };
      if (found.configuration === null) this.inForce.delete(keyText(key));
      else this.put(key, found.configuration, made, 'api');
      return made;
    });
  }

  override refresh(confirm?: string): Promise<RefreshReport> {
    this.refreshes.push(confirm);
    return Promise.resolve({
      sources: [{ name: 'file', documents: 1, accepted: 1, rejected: 0 }],
      routes: this.all('route').length,
      changed: 0,
      durationMs: 1,
    });
  }

  override get(key: ConfigurationKey): ConfigurationInForce | undefined {
    return this.inForce.get(keyText(key));
  }

  override list(configType: ConfigType): Promise<ConfigurationInForce[]> {
    return Promise.resolve(this.all(configType));
  }

  override validateDocument(text: string, format: 'yaml' | 'json'): Promise<ValidationReport> {
    this.validated.push({ text, format });
    return Promise.resolve({ valid: true, errors: [], warnings: [] });
  }

  override validateRunning(): Promise<ValidationReport> {
    const warnings = [{ pointer: '', code: 'running', message: 'this is what runs' }];
    return Promise.resolve({ valid: true, errors: [], warnings });
  }

  override export(source?: string): Promise<Json> {
    const chosen = [...this.inForce.values()].filter((each) => source === undefined || each.source === source);
    const of = (type: ConfigType) => chosen.filter(({ configType }) => configType === type);
    return Promise.resolve({
      routes: of('route').map(({ configuration }) => configuration),
      filters: of('filter').map(({ configuration }) => configuration),
      globals: Object.fromEntries(of('global').map(({ configId, configuration }) => [configId, configuration])),
    });
  }

  override sources(): SourceStatus[] {
    return ['api', 'file'].map((name) => ({ name, state: 'up', documents: 1, rejected: [] }));
  }

  override pending(): PendingChange[] {
    return [...(this.waiting ? [this.waiting] : []), ...this.accepted];
  }

  override cancel(pendingId: string): Promise<PendingChange> {
    return settled(() => {
      const cancelled = this.pending().find(({ id }) => id === pendingId);
      if (!cancelled) throw new PendingChangeNotFoundError(pendingId);
      this.accepted = this.accepted.filter(({ id }) => id !== pendingId);
      return cancelled;
    });
  }

  override conflicts(): Promise<Conflict[]> {
    return Promise.resolve(this.conflicting);
  }

  override fingerprint(): Pick<ConfigurationStatus, 'revision' | 'hash'> {
    return { revision: this.versions.length, hash: hashOf(this.versions.length) };
  }

  override held(): ConfigurationStatus['held'] {
    return [];
  }

  override status(): Promise<ConfigurationStatus> {
    const none = { count: 0, shadowed: [] };
    return Promise.resolve({
      ...this.fingerprint(),
      sources: this.sources(),
      configurations: { route: { ...none, count: this.all('route').length }, filter: none, global: none },
      pending: this.pending(),
      held: this.held(),
      drift: false,
      rollbacks: [],
    });
  }

  private all(configType: ConfigType): ConfigurationInForce[] {
    return [...this.inForce.values()].filter((each) => each.configType === configType);
  }

  private checkVersion(asked: ConfigurationKey & Pick<WriteRequest, 'ifMatch' | 'ifNoneMatch'>): void {
    const current = this.get(asked);
    const { ifMatch, ifNoneMatch } = asked;
    const isOther = ifMatch !== undefined && (ifMatch === '*' ? !current : ifMatch !== current?.version);
    if (isOther || (ifNoneMatch && current)) throw new ConfigurationPreconditionError(asked, current?.version);
  }

  private check(requests: readonly WriteRequest[]): void {
    for (const request of requests) {
      const current = this.get(request);
      const { pointer = '', configuration } = request;
      this.checkVersion(request);
      if (request.op === 'delete') {
        if (!current) throw new ConfigurationNotFoundError(request);
        if (current.source !== 'api') throw new ConfigurationConflictError(request, current.position);
      } else if (
        request.configType === 'route' &&
        !(isJsonObject(configuration) && typeof configuration.uri === 'string')
      ) {
        throw new ConfigurationValidationError([
          { pointer: `${pointer}/uri`, code: 'required', message: '"uri" is required' },
        ]);
      }
    }
  }

  private apply(request: WriteRequest, options: WriteOptions): ConfigurationVersion {
    const configuration = request.op === 'delete' ? null : (request.configuration ?? null);
    const version = this.record(request, configuration, 'api', options);
    if (request.op === 'delete') this.inForce.delete(keyText(request));
    else this.put(request, configuration, version, 'api');
    return version;
  }

  private put(
    { configType, configId }: ConfigurationKey,
    configuration: Json,
    { version, hash }: ConfigurationVersion,
    source: string,
  ): void {
    this.inForce.set(keyText({ configType, configId }), {
      configType,
      configId,
      configuration,
      version,
      hash,
      source,
      position: {
        source,
        document: source === 'file' ? 'routes.yaml' : configId,
        line: source === 'file' ? 3 : 0,
        column: 5,
      },
    });
  }

  private record(
    { configType, configId }: ConfigurationKey,
    configuration: Json,
    source: string,
    { actor, reason }: WriteOptions,
  ): ConfigurationVersion {
    const exists = this.inForce.has(keyText({ configType, configId }));
    const version: ConfigurationVersion = {
      configType,
      configId,
      version: `v${1_000 + this.versions.length}`,
      configuration,
      timestamp: '2026-01-01T00:00:00.000Z',
      hash: hashOf(configuration),
      operation: configuration === null ? 'delete' : exists ? 'update' : 'create',
      source,
      actor,
      ...(reason !== undefined && { reason }),
    };
    this.versions.push(version);
    return version;
  }
}

/** The history of an `InMemoryConfiguration`. */
export class InMemoryHistory extends ConfigurationHistoryService {
  constructor(private readonly configuration: InMemoryConfiguration) {
    super();
  }

  override history(key: ConfigurationKey): Promise<ConfigurationVersion[]> {
    return Promise.resolve(this.configuration.versions.filter((each) => keyText(each) === keyText(key)).reverse());
  }

  override async version(key: ConfigurationKey, version: string): Promise<ConfigurationVersion | undefined> {
    return (await this.history(key)).find((each) => each.version === version);
  }

  override async diff(key: ConfigurationKey, from: string, to: string): Promise<JsonObject[]> {
    if (!(await this.version(key, from))) throw new ConfigurationNotFoundError(key, from);
    const target = await this.version(key, to);
    if (!target) throw new ConfigurationNotFoundError(key, to);
    return [{ op: 'replace', path: '', value: target.configuration }];
  }
}

function settled<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}
