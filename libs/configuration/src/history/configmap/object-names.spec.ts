import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyName, labelValue } from './object-names.js';

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

function nameOf(configId: string): string {
  return historyName('tigateway', { configType: 'route', configId });
}

describe('the name of a history', () => {
  it('is the id where that is a DNS name', () => {
    expect(nameOf('user-service')).toBe('tigateway-config-history-route-user-service');
    expect(labelValue('User_Service.v2')).toBe('User_Service.v2');
  });

  it.each(['User-Service', 'a_b', 'ä', 'x'.repeat(253), 'a..b', '-a', 'a b', 'a-0123456789'])(
    'is made one with a hash for %s',
    (id) => {
      expect(nameOf(id)).toMatch(/-[0-9a-f]{10}$/);
      expect(nameOf(id)).toMatch(DNS_SUBDOMAIN);
    },
  );

  it('is a name, and a label, for every id, and no two ids share one', () => {
    const ids = fc.string({ unit: 'binary', minLength: 1, maxLength: 253 });
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        expect(nameOf(one).length).toBeLessThanOrEqual(253);
        expect(nameOf(one)).toMatch(DNS_SUBDOMAIN);
        expect(labelValue(one).length).toBeLessThanOrEqual(63);
        expect(labelValue(one)).toMatch(LABEL_VALUE);
        if (one !== other) expect(nameOf(one)).not.toBe(nameOf(other));
      }),
    );
    // What was made of one id is itself an id, and gets another name.
    const made = nameOf('User').replace('tigateway-config-history-route-', '');
    expect(nameOf(made)).not.toBe(nameOf('User'));
  });
});
