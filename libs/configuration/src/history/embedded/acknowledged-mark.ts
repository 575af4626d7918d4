import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { damaged } from './store-failure.js';

const DIGITS = 20;
const MARK = /^\d{20}\n$/;

/**
 * How many commits have been acknowledged, kept beside the database. SQLite takes a write-ahead log whose end is damaged for
 * one that was torn by a crash and drops what it cannot read; the mark tells the two apart, because a commit that was never
 * acknowledged is not counted. It is written without a flush: after a power cut it may be behind, which claims less, never
 * more.
 */
export class AcknowledgedMark {
  private constructor(
    private readonly descriptor: number,
    readonly atOpen: number,
  ) {}

  static open(file: string): AcknowledgedMark {
    const existed = existsSync(file);
    const text = existed ? readFileSync(file, 'latin1') : '';
    if (text !== '' && !MARK.test(text)) {
      throw damaged(file, 'it does not hold a count of commits');
    }
    return new AcknowledgedMark(openSync(file, existed ? 'r+' : 'w+', 0o600), Number(text));
  }

  write(commits: number): void {
    writeSync(this.descriptor, `${String(commits).padStart(DIGITS, '0')}\n`, 0, 'latin1');
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
