import { describe, expect, it } from 'vitest';
import { commonHostnames } from './listener-hostnames.js';

describe('what a listener and a route take both', () => {
  it.each<[string | undefined, string[], (string | undefined)[]]>([
    [undefined, [], [undefined]],
    [undefined, ['a.test', '*.b.test'], ['a.test', '*.b.test']],
    ['a.test', [], ['a.test']],
    ['a.test', ['a.test', 'b.test'], ['a.test']],
    ['*.a.test', ['x.a.test', 'x.y.a.test', 'a.test', 'xa.test'], ['x.a.test', 'x.y.a.test']],
    ['x.a.test', ['*.a.test', '*.test', '*.x.a.test'], ['x.a.test', 'x.a.test']],
    ['*.a.test', ['*.x.a.test'], ['*.x.a.test']],
    ['*.x.a.test', ['*.a.test'], ['*.x.a.test']],
    ['*.a.test', ['*.a.test'], ['*.a.test']],
    ['*.a.test', ['*.b.test'], []],
  ])('of %j and %j is %j', (listener, route, expected) => {
    expect(commonHostnames(listener, route)).toEqual(expected);
  });
});
