import { beforeEach, describe, expect, it } from 'vitest';
import type { CustomResource } from './custom-resource.js';
import { JudgedResources } from './judged-resources.js';

function route(name: string, id: string, gateway?: string): CustomResource {
  const spec = { route: { id, uri: 'http://a.test' }, ...(gateway !== undefined && { gateway }) };
  return { metadata: { namespace: 'n', name }, spec };
}

describe('resources that have been taken in', () => {
  let judged: JudgedResources;
  let told: string[][];

  beforeEach(() => {
    judged = new JudgedResources('blue');
    told = [];
    judged.follow((names) => told.push(names.map((name) => name.replace('TiGatewayRoute/n/', ''))));
  });

  const settle = (put: CustomResource[], removed: CustomResource[] = []): void =>
    judged.settled('TiGatewayRoute', put, removed);

  it('are told of with all that define the same: before, and now', () => {
    settle([route('one', 'x'), route('two', 'x'), route('three', 'y')]);
    settle([route('one', 'y')]);
    settle([], [route('three', 'y')]);
    expect(told.map((names) => names.sort())).toEqual([['one', 'three', 'two'], ['one', 'three', 'two'], ['one']]);
    expect([...judged.definersOf('route:x')]).toEqual(['TiGatewayRoute/n/two']);
    expect([...judged.definersOf('route:y')]).toEqual(['TiGatewayRoute/n/one']);
  });

  it('are those of this gateway alone', () => {
    settle([route('ours', 'x', 'blue'), route('all', 'y'), route('theirs', 'z', 'green')]);
    expect([...judged.names]).toEqual(['TiGatewayRoute/n/ours', 'TiGatewayRoute/n/all']);
    settle([route('ours', 'x', 'green')]);
    expect([...judged.names]).toEqual(['TiGatewayRoute/n/all']);
    expect([...judged.definersOf('route:x')]).toEqual([]);
    expect(told).toEqual([['ours', 'all'], []]);
  });
});
