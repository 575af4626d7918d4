import { describe, expect, it } from 'vitest';
import { LabelSelector } from './label-selector.js';

describe('a label selector', () => {
  it.each<[string, boolean]>([
    ['', true],
    ['app=shop', true],
    ['app == shop', true],
    ['app=web', false],
    ['app!=web', true],
    ['app!=shop', false],
    ['absent!=x', true],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['!app', false],
    ['tier in (edge, core)', true],
    ['tier in (core)', false],
    ['tier notin (core,inner)', true],
    ['absent notin (x)', true],
    ['tier in (edge,core),app=shop', true],
    ['tier in (edge,core),app=web', false],
    ['example.com/role=front', true],
    ['constructor', false],
  ])('%j on the labels: %s', (text, expected) => {
    const labels = { app: 'shop', tier: 'edge', 'example.com/role': 'front' };
    expect(LabelSelector.parse(text).matches(labels)).toBe(expected);
  });

  it.each(['=a', 'a b', 'a in x', 'a=b,,c', 'a=b=c'])('refuses %j', (text) => {
    expect(() => LabelSelector.parse(text)).toThrow(SyntaxError);
  });

  it('is read from an object, all of which must hold', () => {
    const selector = LabelSelector.of({
      matchLabels: { app: 'shop' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['edge'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    });
    expect(selector.matches({ app: 'shop', tier: 'edge' })).toBe(true);
    expect(selector.matches({ app: 'shop', tier: 'edge', old: '' })).toBe(false);
    expect(selector.matches({ app: 'shop', tier: 'core' })).toBe(false);
    expect(selector.matches(undefined)).toBe(false);
    expect(LabelSelector.of({}).matches(undefined)).toBe(true);
    expect(() => LabelSelector.of({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow(SyntaxError);
  });
});
