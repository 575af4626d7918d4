import { describe, expect, it } from 'vitest';
import { HeaderList } from './header-list.js';

const lines = () => ['A', '1', 'b', '2', 'a', '3'];

describe('HeaderList', () => {
  it('finds lines whatever their case', () => {
    const headers = new HeaderList(lines());
    expect(headers.get('a')).toBe('1');
    expect(headers.getAll('A')).toEqual(['1', '3']);
    expect(headers.has('B')).toBe(true);
    expect(headers.get('c')).toBeUndefined();
  });

  it.each<[string, (headers: HeaderList) => void, string[]]>([
    ['appends at the end', (h) => h.append('a', '4'), ['A', '1', 'b', '2', 'a', '3', 'a', '4']],
    ['sets in the place of the first line and drops the others', (h) => h.set('a', '4'), ['A', '4', 'b', '2']],
    ['sets what was not there at the end', (h) => h.set('C', '4'), ['A', '1', 'b', '2', 'a', '3', 'C', '4']],
    ['removes every line of a name', (h) => h.remove('a'), ['b', '2']],
    ['removes nothing of another length', (h) => h.remove('ab'), lines()],
    ['keeps what it is asked to keep', (h) => h.retain((name, value) => name === 'a' && value > '1'), ['a', '3']],
  ])('%s', (_, change, expected) => {
    const headers = new HeaderList(lines());
    change(headers);
    expect(headers.raw).toEqual(expected);
  });

  it('gives a copy that changes alone', () => {
    const headers = new HeaderList(lines());
    headers.clone().remove('a');
    expect(headers.raw).toEqual(lines());
  });
});
