import type { OnModuleDestroy } from '@nestjs/common';
import {
  type KubernetesClient,
  type Leadership,
  sayAlready,
  StatusWriter,
  type StatusWish,
  type StatusWishes,
  type TimedCondition,
  withTransitionTimes,
} from '@tigateway/kubernetes';
import {
  type Clock,
  type ConfigurationKey,
  type EventBus,
  hashOf,
  isJsonObject,
  type Json,
  keyText,
  type ParsedObject,
  type Scheduled,
} from '@tigateway/model';
import type { PendingChange, RejectedDocument, SourceStatus } from '../../reloader/configuration-api.js';
import type { DynamicConfigurationService } from '../../reloader/dynamic-configuration.service.js';
import { CRD, type CustomResource, customResourceType, definitionOf } from './custom-resource.js';
import type { JudgedResource, JudgedResources } from './judged-resources.js';
import { resourceConditions } from './resource-conditions.js';

/** What happens within this time of a look at the gateway's state is looked at together, in milliseconds. */
const GATHER_MS = 50;
/** How soon after a change all are looked at, in milliseconds: what only moves in its document makes no event of its own. */
const SWEEP_MS = 5_000;
/** How often all are looked at whatever happens, in milliseconds: nobody tells that a change that waits was cancelled. */
const REGULAR_SWEEP_MS = 30_000;

export interface CustomResourceStatusTools {
  readonly client: Pick<KubernetesClient, 'patch'>;
  readonly leadership: Leadership;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly failed: (reason: string) => void;
}

/** Writes on custom resources what became of them, as soon as it is known and whenever it changes. */
export class CustomResourceStatus implements StatusWishes, OnModuleDestroy {
  private readonly writer: StatusWriter;
  private readonly endings: readonly (() => void)[];
  private readonly gathered = new Set<string>();
  private gathering: Scheduled | undefined;
  private sweep: Scheduled | undefined;
  private isSweepSoon = false;
  private view: View | undefined;
  /** Hashing is the dear part: by the spec that it was made of. */
  private readonly hashes = new WeakMap<object, string>();

  constructor(
    private readonly resources: JudgedResources,
    private readonly configuration: DynamicConfigurationService,
    private readonly tools: CustomResourceStatusTools,
  ) {
    const { client, leadership, events, clock, failed } = tools;
    this.writer = new StatusWriter(client, leadership, this, clock, { fieldManager: 'tigateway', failed });
    const changed = ({ facts }: { readonly facts: ConfigurationKey }): void =>
      this.lookAt(this.resources.definersOf(keyText(facts)));
    this.endings = [
      resources.follow((names) => this.lookAt(names)),
      events.subscribe('configuration.update', changed),
      events.subscribe('configuration.delete', changed),
      events.subscribe('configuration.rollback', changed),
      events.subscribe('configuration.rejected', ({ facts }) => this.lookAt([facts.position.document])),
      events.subscribe('routes.refreshed', () => this.sweepSoon()),
    ];
    this.sweepIn(REGULAR_SWEEP_MS);
  }

  async onModuleDestroy(): Promise<void> {
    for (const end of this.endings) end();
    this.gathering?.cancel();
    this.sweep?.cancel();
    await this.writer.stop();
  }

  keys(): Iterable<string> {
    this.view = undefined;
    return this.resources.names;
  }

  wish(name: string): StatusWish | undefined {
    const judged = this.resources.get(name);
    if (!judged) return undefined;
    const { metadata } = judged.resource;
    const conditions = resourceConditions(this.factsOf(name, judged));
    const before = conditionsOf(judged.resource);
    return {
      type: customResourceType(judged.kind),
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      ...(metadata.uid !== undefined && { uid: metadata.uid }),
      status: { conditions: withTransitionTimes(conditions, before, this.tools.clock.now()) },
      mark: JSON.stringify([metadata.uid, conditions]),
      isWritten: sayAlready(conditions, before),
    };
  }

  private factsOf(name: string, { kind, resource }: JudgedResource): Parameters<typeof resourceConditions>[0] {
    const { object } = definitionOf(kind, resource);
    const definition = object && { ...object, hash: this.hash(resource, object) };
    const running = definition && this.configuration.get(definition);
    const view = (this.view ??= new View(this.configuration));
    const key = definition && keyText(definition);
    // Only what does not run needs a reason why.
    const isInForce = running !== undefined && running.hash === definition?.hash;
    return {
      generation: resource.metadata.generation ?? 0,
      definition,
      rejected: view.rejected.get(name),
      running,
      held: isInForce || key === undefined ? undefined : view.held.get(key),
      pending: key === undefined ? undefined : view.pending.get(key),
      heldBack: view.source?.heldBack,
    };
  }

  private hash({ spec }: CustomResource, { configuration }: ParsedObject): string {
    const known = this.hashes.get(spec as object);
    if (known !== undefined) return known;
    const hash = hashOf(configuration);
    this.hashes.set(spec as object, hash);
    return hash;
  }

  /** The first at once; what comes soon after is gathered, since each look at the whole state costs. */
  private lookAt(names: Iterable<string>): void {
    for (const name of names) this.gathered.add(name);
    if (!this.gathering && this.gathered.size > 0) this.look();
  }

  private look(): void {
    this.view = undefined;
    const names = [...this.gathered];
    this.gathered.clear();
    this.writer.want(names);
    this.gathering = this.tools.clock.schedule(GATHER_MS, () => {
      this.gathering = undefined;
      if (this.gathered.size > 0) this.look();
    });
  }

  private sweepSoon(): void {
    if (this.isSweepSoon) return;
    this.isSweepSoon = true;
    this.sweepIn(SWEEP_MS);
  }

  private sweepIn(delayMs: number): void {
    this.sweep?.cancel();
    this.sweep = this.tools.clock.schedule(delayMs, () => {
      this.isSweepSoon = false;
      this.lookAt(this.resources.names);
      this.sweepIn(REGULAR_SWEEP_MS);
    });
  }
}

/** The gateway's state as of one moment, by document and by key. */
class View {
  readonly source: SourceStatus | undefined;
  readonly rejected: ReadonlyMap<string, RejectedDocument>;
  readonly pending = new Map<string, PendingChange>();
  readonly held: ReadonlyMap<string, { readonly version: string; readonly reason: string }>;

  constructor(configuration: DynamicConfigurationService) {
    this.source = configuration.sources().find(({ name }) => name === CRD);
    this.rejected = new Map((this.source?.rejected ?? []).map((each) => [each.document, each]));
    for (const pending of configuration.pending()) {
      if (pending.source === CRD) for (const change of pending.changes) this.pending.set(keyText(change), pending);
    }
    const held = configuration.held().filter(({ source }) => source === CRD);
    this.held = new Map(held.map((each) => [keyText(each), each]));
  }
}

function conditionsOf({ status }: CustomResource): Partial<TimedCondition>[] {
  const conditions = isJsonObject(status) ? status['conditions'] : undefined;
  // The schema of the custom resource says what they are made of.
  return Array.isArray(conditions) ? (conditions as readonly Json[] as Partial<TimedCondition>[]) : [];
}
