import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchTokenFile } from './token-file.js';

let folder: string;
let stop: () => void;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tigateway-token-'));
  said = [];
});

afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

function watch(file: string): void {
  stop = watchTokenFile(join(folder, file), 'one', {
    changed: (token) => said.push(token),
    failed: (reason) => said.push(`failed: ${reason}`),
  });
}

const says = (words: unknown[]) => expect.poll(() => said).toEqual(words);

describe('a watched token file', () => {
  it('says a new token, and not what is none', async () => {
    writeFileSync(join(folder, 'token'), 'one');
    watch('token');
    writeFileSync(join(folder, 'token'), 'two\n');
    await says(['two']);
    writeFileSync(join(folder, 'token'), '');
    const empty = expect.stringMatching(/^failed: it must hold one token/) as string;
    await says(['two', empty]);
    rmSync(join(folder, 'token'));
    const gone = expect.stringMatching(/^failed: ENOENT/) as string;
    await says(['two', empty, gone]);
    writeFileSync(join(folder, 'token'), 'three');
    await says(['two', empty, gone, 'three']);
  });

  it('sees a mounted secret change its links', async () => {
    const version = (name: string, token: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'token'), token);
      symlinkSync(name, join(folder, 'data.new'));
      renameSync(join(folder, 'data.new'), join(folder, 'data'));
    };
    version('v1', 'one');
    watch('data/token');
    version('v2', 'two');
    await says(['two']);
  });
});
