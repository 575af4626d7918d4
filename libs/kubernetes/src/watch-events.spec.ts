import { describe, expect, it } from 'vitest';
import { watchEvents } from './watch-events.js';

async function* chunksOf(...chunks: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function namesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const batches: string[] = [];
  for await (const events of watchEvents(chunksOf(...chunks))) {
    batches.push(events.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', '));
  }
  return batches;
}

const event = (name: string) => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`;

describe('the events of a watch', () => {
  it('come together as they came', async () => {
    expect(await namesOf(event('a') + event('b'), event('c'))).toEqual(['ADDED a, ADDED b', 'ADDED c']);
  });

  it('are cut anywhere, in a letter of several bytes too', async () => {
    const bytes = Buffer.from(event('é') + event('b'));
    for (let cut = 1; cut < bytes.length; cut++) {
      const batches = await namesOf(bytes.subarray(0, cut), bytes.subarray(cut));
      expect(batches.join(', ')).toBe('ADDED é, ADDED b');
    }
  });

  it('leave out what was not sent to its end', async () => {
    expect(await namesOf(event('a') + event('b').slice(0, 10))).toEqual(['ADDED a']);
  });

  it('end with an error where one is no JSON', async () => {
    await expect(namesOf('<html>\n')).rejects.toThrow(SyntaxError);
  });
});
