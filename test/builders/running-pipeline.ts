import {
  ConfigurationPipeline,
  ConfigurationSource,
  type ConfigurationStore,
  ConfigurationValidator,
  EmbeddedStore,
  type ServingProcesses,
  type SourceSink,
  UPDATE_POLICY,
  VersionClock,
} from '@tigateway/configuration';
import {
  type Clock,
  EventBus,
  type GatewayEvents,
  type Json,
  type RecordedEvent,
  RolloutAdvancedEvent,
  type SourceDocument,
  type SourceUpdate,
} from '@tigateway/model';
import {
  ROUTING_GLOBAL_SETTINGS,
  RouteCompiler,
  RouteManager,
  SnapshotCompiler,
  standardCatalogue,
  TrafficMeter,
} from '@tigateway/routing';
import { InProcessDocumentParser } from '../../libs/configuration/src/parser/in-process-document-parser.js';
import { ConfigurationObserver } from '../../libs/configuration/src/reloader/configuration-observer.js';
import { ConfigurationReloader } from '../../libs/configuration/src/reloader/configuration-reloader.js';
import { AutoRollback } from '../../libs/configuration/src/reloader/judge/auto-rollback.js';
import { RouteRefreshService } from '../../libs/configuration/src/reloader/route-refresh.service.js';
import { UpdatePolicy } from '../../libs/configuration/src/reloader/update-policy.js';
import { FakeClock } from './fake-clock.js';

/** A place for documents that a test writes by hand. */
export class InMemorySource extends ConfigurationSource {
  private readonly texts = new Map<string, string>();
  private sink: SourceSink | undefined;

  constructor(readonly name = 'file') {
    super();
  }

  /** Writes documents (`undefined` removes one) and says so. */
  async change(texts: Readonly<Record<string, string | undefined>>): Promise<void> {
    this.write(texts);
    const names = Object.keys(texts);
    await this.sink?.deliver({
      ...this.update(names.filter((name) => texts[name] !== undefined)),
      removed: names.filter((name) => texts[name] === undefined),
      complete: false,
    });
  }

  /** Writes documents without a word. */
  write(texts: Readonly<Record<string, string | undefined>>): void {
    for (const [name, text] of Object.entries(texts)) {
      if (text === undefined) this.texts.delete(name);
      else this.texts.set(name, text);
    }
  }

  override async start(sink: SourceSink): Promise<void> {
    this.sink = sink;
    await sink.deliver(await this.read());
  }

  override read(): Promise<SourceUpdate> {
    return Promise.resolve(this.update([...this.texts.keys()]));
  }

  override stop(): Promise<void> {
    this.sink = undefined;
    return Promise.resolve();
  }

  private update(names: readonly string[]): SourceUpdate {
    const documents = names.map((name): SourceDocument => {
      return { kind: 'text', name, format: 'yaml', text: this.texts.get(name) ?? '', placeholders: true };
    });
    return { source: this.name, revision: names.join(), documents, removed: [], complete: true };
  }
}

class Recorder extends EventBus {
  readonly recorded: RecordedEvent[] = [];
  readonly advances: RolloutAdvancedEvent[] = [];

  override publish<Name extends keyof GatewayEvents>(_: Name, event: GatewayEvents[Name]): void {
    if ('type' in event) this.recorded.push(event);
    if (event instanceof RolloutAdvancedEvent) this.advances.push(event);
  }

  override subscribe(): () => void {
    return () => undefined;
  }
}

class Unobserved extends ConfigurationObserver {
  override changing<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  override updated(): void {}
  override deleted(): void {}
  override applied(): void {}
  override counted(): void {}
  override rolledBack(): void {}
  override rejected(): void {}
  override sourceIsUp(): void {}
  override drifts(): void {}
}

export interface RunningPipeline<Time extends Clock = FakeClock> {
  readonly clock: Time;
  readonly meter: TrafficMeter;
  readonly pipeline: ConfigurationPipeline;
  readonly store: ConfigurationStore;
  readonly routes: RouteManager;
  readonly events: RecordedEvent[];
  readonly advances: RolloutAdvancedEvent[];
  readonly stop: () => Promise<void>;
}

export interface PipelineSettings<Time extends Clock = FakeClock> {
  readonly policy?: Json;
  readonly environment?: Record<string, string>;
  /** Passed on to the pipeline that takes over after a restart, so that time goes on. */
  readonly clock?: Time;
  readonly apiEnabled?: boolean;
  readonly precedence?: readonly string[];
  /** In place of one that is this process's alone. */
  readonly store?: ConfigurationStore;
  /** Who serves beside this process. */
  readonly others?: ServingProcesses;
}

/** The whole way of a change but for Nest, on a store in `directory`: restored and started. */
export async function runningPipeline<Time extends Clock = FakeClock>(
  directory: string,
  source: ConfigurationSource,
  {
    policy = {},
    environment = {},
    clock = new FakeClock() as Clock as Time,
    apiEnabled = true,
    precedence = ['api', 'file'],
    store = new EmbeddedStore(directory),
    others,
  }: PipelineSettings<Time> = {},
): Promise<RunningPipeline<Time>> {
  const routeCompiler = new RouteCompiler(standardCatalogue(), clock, { ownListeners: [] });
  const validator = new ConfigurationValidator(routeCompiler, [...ROUTING_GLOBAL_SETTINGS, UPDATE_POLICY], environment);
  const updatePolicy = new UpdatePolicy(policy, environment);
  const bus = new Recorder();
  const routes = new RouteManager();
  const meter = new TrafficMeter(clock);
  const autoRollback = new AutoRollback(meter, updatePolicy, store, clock);
  const refresher = new RouteRefreshService(new SnapshotCompiler(routeCompiler), routes, bus, clock);
  const pipeline = new ConfigurationPipeline(
    { precedence, apiEnabled },
    [source],
    new InProcessDocumentParser(environment),
    validator,
    new ConfigurationReloader(refresher, store, updatePolicy, bus, clock, autoRollback, others),
    refresher,
    store,
    new VersionClock(clock),
    updatePolicy,
    new Unobserved(),
    clock,
    autoRollback,
  );
  await pipeline.restore();
  await pipeline.start();
  const stop = async (): Promise<void> => {
    await pipeline.stop();
    await store.close();
  };
  return { clock, meter, pipeline, store, routes, events: bus.recorded, advances: bus.advances, stop };
}
