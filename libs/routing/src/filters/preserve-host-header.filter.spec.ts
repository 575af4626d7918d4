import { describe, expect, it } from 'vitest';
import { filterOf } from './filter.fixture.js';
import { PreserveHostHeaderFilterFactory } from './preserve-host-header.filter.js';

const { compile, onRequest, refusals } = filterOf(new PreserveHostHeaderFilterFactory());

describe('PreserveHostHeader', () => {
  it('keeps the Host header of the client', () => {
    expect(onRequest('PreserveHostHeader').preservesHost).toBe(true);
    expect(String(compile('PreserveHostHeader'))).toBe('[PreserveHostHeader]');
    expect(refusals('PreserveHostHeader=x')).toEqual(['surplus-argument']);
  });
});
