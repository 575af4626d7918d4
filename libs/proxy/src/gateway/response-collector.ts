import { ExchangeError } from '@tigateway/routing';

/** Sees a response body on its way to the client. Neither is called any more where the body breaks off. */
export interface ResponseWatcher {
  /** The chunk goes on to the client: a watcher that keeps it keeps a copy. */
  onData(chunk: Buffer): void;
  onEnd(): void;
}

/** Takes a whole response body, up to a limit. */
export class ResponseCollector {
  readonly body: Promise<Buffer>;
  private chunks: Buffer[] = [];
  private bytes = 0;
  private resolve!: (body: Buffer) => void;
  private reject!: (error: Error) => void;

  constructor(private readonly limitBytes: number) {
    this.body = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  onData(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.limitBytes) {
      this.chunks = [];
      this.reject(new ExchangeError(502, `a response of more than ${this.limitBytes} bytes`));
    } else this.chunks.push(chunk);
  }

  onEnd(): void {
    this.resolve(Buffer.concat(this.chunks));
  }

  onError(error: Error): void {
    this.reject(error);
  }
}
