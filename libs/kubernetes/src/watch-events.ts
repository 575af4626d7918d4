import { StringDecoder } from 'node:string_decoder';
import type { KubernetesObject } from './kubernetes-object.js';

export interface WatchEvent<T extends KubernetesObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** The events of a watch, those together that came together. @throws SyntaxError where one is no JSON */
export async function* watchEvents<T extends KubernetesObject>(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<readonly WatchEvent<T>[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    // A large object comes in many chunks: it is looked at when its end is there.
    if (!text.includes('\n')) {
      rest += text;
      continue;
    }
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield lines.filter((line) => line !== '').map((line) => JSON.parse(line) as WatchEvent<T>);
  }
}
