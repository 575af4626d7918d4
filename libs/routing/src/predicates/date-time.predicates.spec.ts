import { type Json, SystemClock } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { aRequest } from '../exchange/request.fixture.js';
import { AfterPredicateFactory } from './after.predicate.js';
import { BeforePredicateFactory } from './before.predicate.js';
import { BetweenPredicateFactory } from './between.predicate.js';
import { predicateOf } from './predicate.fixture.js';

class StoppedClock extends SystemClock {
  constructor(private readonly nowMs: number) {
    super();
  }
  override now(): number {
    return this.nowMs;
  }
}

const FACTORIES = [new AfterPredicateFactory(), new BeforePredicateFactory(), new BetweenPredicateFactory()];

function at(nowMs: number, definition: string) {
  const factory = FACTORIES.find(({ name }) => definition.startsWith(`${name}=`));
  return predicateOf(factory as AfterPredicateFactory, new StoppedClock(nowMs));
}

describe('After, Before and Between', () => {
  it.each([
    ['After=1000', 999, false],
    ['After=1000', 1000, false],
    ['After=1000', 1001, true],
    ['Before=1000', 999, true],
    ['Before=1000', 1000, false],
    ['Between=1000,2000', 1000, false],
    ['Between=1000,2000', 1001, true],
    ['Between=1000,2000', 2000, false],
    ['After=1970-01-01T01:00:01+01:00[Europe/Paris]', 1001, true],
    ['After=1970-01-01T01:00:01+01:00', 1000, false],
  ])('%s at %i ms: %s', (definition, nowMs, expected) => {
    expect(at(nowMs, definition).matches(definition, aRequest())).toBe(expected);
  });

  it.each([
    ['After=0', 'After: 1970-01-01T00:00:00.000Z'],
    ['Before=1970-01-01T00:00:00Z', 'Before: 1970-01-01T00:00:00.000Z'],
    ['Between=0,9000000000000000', 'Between: 1970-01-01T00:00:00.000Z and 9000000000000000'],
  ])('%s shows itself as %j', (definition, expected) => {
    expect(String(at(0, definition).compile(definition))).toBe(expected);
  });

  it.each<[string, Json, string[]]>([
    ['After=', 'After=tomorrow', ['wrong-type']],
    ['After=', 'After=2030-01-20T17:42:47', ['wrong-type']],
    ['Before=', { name: 'Before', args: { datetime: 'x' } }, ['wrong-type /args/datetime']],
    ['Between=', 'Between=5,5', ['invalid-argument']],
    ['Between=', 'Between=5', ['required']],
    ['Between=', { name: 'Between', args: { datetime1: 5, datetime2: 4 } }, ['invalid-argument /args/datetime1']],
  ])('%s refuses %j', (kind, definition, expected) => {
    expect(at(0, kind).refusals(definition)).toEqual(expected);
  });
});
