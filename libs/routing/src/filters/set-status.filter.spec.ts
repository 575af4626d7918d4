import { describe, expect, it } from 'vitest';
import { anExchange, filterOf } from './filter.fixture.js';
import { SetStatusFilterFactory } from './set-status.filter.js';

const { compile, onResponse, refusals } = filterOf(new SetStatusFilterFactory());

describe('SetStatus', () => {
  it.each([
    ['SetStatus=404', 404],
    ['SetStatus=not_found', 404],
    ['SetStatus=NOT_FOUND', 404],
    ['SetStatus=299', 299],
  ])('%s gives %i', (definition, status) => {
    const { response } = onResponse(definition, ['A', '1']);
    expect(response).toMatchObject({ status, reason: '' });
    expect(response.headers.raw).toEqual(['A', '1']);
  });

  it('keeps the status that was, where a header is named for it', () => {
    const exchange = anExchange(undefined, {}, { setStatus: { originalStatusHeaderName: 'X-Was' } });
    expect(onResponse('SetStatus=404', [], exchange).response.headers.get('x-was')).toBe('[200]');
  });

  it.each(['SetStatus=NO_SUCH_STATUS', 'SetStatus=99', 'SetStatus=1000'])('refuses %s', (definition) => {
    expect(refusals(definition)).toEqual(['wrong-type']);
  });

  it('shows itself', () => {
    expect(String(compile('SetStatus=404'))).toBe("[SetStatus status = '404']");
  });
});
