import type { SourceName, SourceUpdate } from '@tigateway/model';

/** Where a source hands over what it finds. */
export interface SourceSink {
  /** Settles once the update is accepted or rejected; never rejects for invalid documents. */
  deliver(update: SourceUpdate): Promise<void>;
  /** The place cannot be read at the moment; its last documents stay in force. `up` ends it (so does `deliver`). */
  down(reason: string): void;
}

/** One place that configuration comes from. It reads and watches; it never parses and never touches routes. */
export abstract class ConfigurationSource {
  abstract readonly name: SourceName;

  /** Delivers everything once, then each change, until `stop`. Settles after the first delivery or the first `down`. */
  abstract start(sink: SourceSink): Promise<void>;

  /** Reads everything again now. @throws Error where the place cannot be read */
  abstract read(): Promise<SourceUpdate>;

  abstract stop(): Promise<void>;
}
