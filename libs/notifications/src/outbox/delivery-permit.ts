/** Whether this process may send. Of several replicas that see the same events, one does. */
export abstract class DeliveryPermit {
  abstract readonly isGranted: boolean;
  /** Calls `listener` when it is granted or taken away. @returns a function that ends the subscription */
  abstract onChange(listener: () => void): () => void;
}

/** There is but one process. */
export class SoleProcessPermit extends DeliveryPermit {
  readonly isGranted = true;

  onChange(): () => void {
    return () => undefined;
  }
}
