import type { Json } from '@tigateway/model';

/** The settings of the channels as they are in force, whoever keeps them. */
export interface NotificationSource {
  /** Secrets in clear, variables replaced. */
  readonly configuration: Json;
  /** True: `${NAME}` in it is a variable that is not set; false: it was sent like that, and is a text like any other. */
  readonly hasVariables: boolean;
  /** True: a configuration that was recorded, with an event of its own; false: the bootstrap file's. */
  readonly isRecorded: boolean;
}

export abstract class NotificationPolicy {
  /** The same object for as long as nothing has changed. */
  abstract current(): NotificationSource;
  /** @returns a function that ends the subscription */
  abstract onChange(listener: () => void): () => void;
}
