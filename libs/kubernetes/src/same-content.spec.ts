import { describe, expect, it } from 'vitest';
import { hasSameContent } from './same-content.js';

describe('content', () => {
  it.each([
    ['is the same', '{"a":[1,{"b":2}],"c":null}', '{"c":null,"a":[1,{"b":2}]}', true],
    ['differs deep down', '{"a":[1,{"b":2}]}', '{"a":[1,{"b":3}]}', false],
    ['is nested beyond what can be compared', '['.repeat(9_000) + ']'.repeat(9_000), undefined, false],
  ])('that %s', (_, one, other = one, expected) => {
    expect(hasSameContent(JSON.parse(one), JSON.parse(other))).toBe(expected);
  });
});
