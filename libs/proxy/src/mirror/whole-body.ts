import type { BodySink, BodySource } from '../ports/request-body.js';

/** A request body that is there already, all of it. */
export class WholeBody implements BodySource {
  constructor(private readonly bytes: Buffer) {}

  get length(): number {
    return this.bytes.length;
  }

  /** The sink holds all of it from here on. */
  read(sink: BodySink): void {
    sink.onBodyData(this.bytes);
    sink.onBodyEnd([]);
  }

  pause(): void {}

  resume(): void {}
}
