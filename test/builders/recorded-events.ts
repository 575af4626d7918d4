import {
  ConfigurationDeleteEvent,
  ConfigurationRejectedEvent,
  ConfigurationUpdateEvent,
  type EventBus,
  type EventRecord,
  type Json,
  RECORDED_EVENT_NAMES,
  type RecordedEvent,
} from '@tigateway/model';

/** Makes recorded events one after the other, puts each into a history and says it on a bus, as the pipeline does. */
export class EventSource {
  private sequence = 0;

  constructor(
    private readonly history: { readonly events: EventRecord[] },
    private readonly bus: EventBus,
    private readonly now: () => number = Date.now,
  ) {}

  update(configId: string, configuration: Json = { id: configId }, previous?: Json): EventRecord {
    const facts = { ...this.versionFacts('route', configId), configuration };
    return this.record(new ConfigurationUpdateEvent({ ...facts, ...(previous !== undefined && { previous }) }));
  }

  global(configId: string, configuration: Json = {}): EventRecord {
    return this.record(new ConfigurationUpdateEvent({ ...this.versionFacts('global', configId), configuration }));
  }

  delete(configId: string, previous: Json = { id: configId }): EventRecord {
    return this.record(new ConfigurationDeleteEvent({ ...this.versionFacts('route', configId), previous }));
  }

  reject(document: string): EventRecord {
    const position = { source: 'file', document, line: 3, column: 5 };
    const errors = [{ pointer: '/routes/0/uri', code: 'required', message: '"uri" is required', position }];
    return this.record(new ConfigurationRejectedEvent({ ...this.facts('file'), position, errors }));
  }

  /** @param isSaid false: recorded, and not announced, as by a process that ends in between */
  record(event: RecordedEvent, isSaid = true): EventRecord {
    const record = { type: event.type, ...event.facts } as EventRecord;
    this.history.events.push(record);
    if (isSaid) this.bus.publish(RECORDED_EVENT_NAMES[event.type], event);
    return record;
  }

  private versionFacts(configType: 'route' | 'global', configId: string) {
    const facts = this.facts('api');
    return {
      ...facts,
      configType,
      configId,
      version: `v${facts.timestamp + facts.sequence}`,
      actor: 'admin@127.0.0.1',
    };
  }

  private facts(source: string) {
    return { sequence: ++this.sequence, timestamp: this.now(), source };
  }
}
