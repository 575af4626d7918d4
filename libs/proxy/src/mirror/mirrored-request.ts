import type { UpstreamTarget } from '@tigateway/routing';
import { type BalancedInstance, BalancedTarget } from '../balancing/balanced-instance.js';
import type { UpstreamCall, UpstreamError, UpstreamHandler } from '../ports/upstream-client.js';

/** A copy on its way: whatever comes back is dropped, and only the instance that it went to hears how it did. */
export class MirroredRequest implements UpstreamHandler {
  private readonly instance: BalancedInstance | undefined;
  private call: UpstreamCall | undefined;
  private isOver = false;

  /** @param onOver is called once */
  constructor(
    target: UpstreamTarget,
    private readonly onOver: () => void,
  ) {
    this.instance = target instanceof BalancedTarget ? target.of : undefined;
    this.instance?.began();
  }

  sentBy(call: UpstreamCall): void {
    this.call = call;
  }

  /** Nobody waits for it any longer. */
  abort(): void {
    if (this.isOver) return;
    this.call?.abort();
    this.end();
  }

  onUpstreamInformational(): void {}

  onUpstreamHead(status: number): void {
    this.instance?.answered(status);
  }

  onUpstreamData(): void {}

  onUpstreamEnd(): void {
    this.end();
  }

  onUpstreamError({ failure }: UpstreamError): void {
    this.instance?.failed(failure);
    this.end();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.instance?.ended();
    this.onOver();
  }
}
