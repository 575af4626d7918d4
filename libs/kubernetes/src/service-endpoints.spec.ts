import { describe, expect, it } from 'vitest';
import {
  addressesOf,
  type Endpoint,
  type EndpointSlice,
  portOf,
  schemeOf,
  type Service,
  type ServicePort,
} from './service-endpoints.js';

function aService(ports: readonly ServicePort[], more: Partial<Service['metadata']> = {}): Service {
  return { metadata: { name: 'web', namespace: 'shop', ...more }, spec: { ports } };
}

function aSlice(addressType: string, endpoints: readonly Endpoint[], ...ports: [string, number][]): EndpointSlice {
  return {
    metadata: { name: 'web-1', namespace: 'shop' },
    addressType,
    endpoints,
    ports: ports.map(([name, port]) => ({ name, port })),
  };
}

const HTTP: ServicePort = { name: 'http', port: 80 };
const ADMIN: ServicePort = { name: 'admin', port: 9000 };

describe('the port of a Service', () => {
  it.each<[string, Service, string | undefined, number | string]>([
    ['the only one', aService([ADMIN]), undefined, 9000],
    ['the one called http', aService([ADMIN, HTTP]), undefined, 80],
    ['the one with that name', aService([ADMIN, HTTP]), 'admin', 9000],
    ['the one with that number', aService([ADMIN, HTTP]), '9000', 9000],
    [
      'the primary one by label',
      aService([ADMIN, HTTP], { labels: { 'primary-port-name': 'admin' } }),
      undefined,
      9000,
    ],
    [
      'the primary one by annotation first',
      aService([ADMIN, HTTP], {
        annotations: { 'primary-port-name': 'http' },
        labels: { 'primary-port-name': 'admin' },
      }),
      undefined,
      80,
    ],
    ['no UDP port', aService([{ name: 'dns', port: 53, protocol: 'UDP' }, ADMIN]), undefined, 9000],
    [
      'unclear where there are several',
      aService([ADMIN, { name: 'b', port: 1 }]),
      undefined,
      'name one of 9000 (admin), 1 (b)',
    ],
    ['unknown', aService([HTTP]), 'x', 'has no TCP port x; it has 80 (http)'],
    ['missing', aService([]), undefined, 'the Service shop/web has no TCP port'],
  ])('is %s', (_, service, wanted, expected) => {
    const found = portOf(service, wanted);
    if (typeof expected === 'number') expect(found).toMatchObject({ port: { port: expected } });
    else expect('problem' in found && found.problem.message).toContain(expected);
  });

  it('is none of an ExternalName', () => {
    const service: Service = {
      ...aService([HTTP]),
      spec: { type: 'ExternalName', externalName: 'a.test', ports: [HTTP] },
    };
    expect(portOf(service, '80')).toMatchObject({ problem: { code: 'external-name' } });
  });

  it.each<[ServicePort, Record<string, string>, string | undefined]>([
    [{ port: 80 }, {}, undefined],
    [{ port: 80, appProtocol: 'https' }, {}, 'https'],
    [{ port: 80, appProtocol: 'HTTP' }, { secured: 'true' }, 'http'],
    [{ port: 80, appProtocol: 'kubernetes.io/wss' }, {}, 'https'],
    [{ port: 443, name: 'https' }, {}, 'https'],
    [{ port: 80 }, { secured: 'true' }, 'https'],
  ])('%j of a Service labelled %j is spoken with by %s', (port, labels, expected) => {
    expect(schemeOf(aService([port], { labels }), port)).toBe(expected);
  });
});

describe('the addresses of a Service', () => {
  const shown = (...slices: EndpointSlice[]): string[] =>
    addressesOf(slices, HTTP).map(({ host, port }) => `${host} ${port}`);

  it('are those that are ready, of all slices, each once', () => {
    const ready = aSlice(
      'IPv4',
      [{ addresses: ['10.0.0.2'] }, { addresses: ['10.0.0.1'], conditions: { ready: true } }],
      ['http', 8080],
    );
    const other = aSlice(
      'IPv4',
      [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.3'] }],
      ['admin', 1],
      ['http', 8081],
    );
    const waiting = aSlice('IPv4', [{ addresses: ['10.0.0.9'], conditions: { ready: false } }], ['http', 8080]);
    const without = aSlice('IPv4', [{ addresses: ['10.0.0.8'] }], ['admin', 9000]);
    expect(shown(ready, other, waiting, without)).toEqual([
      '10.0.0.1 8080',
      '10.0.0.1 8081',
      '10.0.0.2 8080',
      '10.0.0.3 8081',
    ]);
  });

  it('lose the one that goes at once, even where it counts as ready', () => {
    const going = { ready: true, serving: true, terminating: true };
    expect(
      shown(
        aSlice('IPv4', [{ addresses: ['10.0.0.1'], conditions: going }, { addresses: ['10.0.0.2'] }], ['http', 80]),
      ),
    ).toEqual(['10.0.0.2 80']);
  });

  it('are those that go but still serve, where there is no other', () => {
    const going = { ready: false, serving: true, terminating: true };
    const gone = { ready: false, serving: false, terminating: true };
    const slice = aSlice(
      'IPv4',
      [
        { addresses: ['10.0.0.1'], conditions: going },
        { addresses: ['10.0.0.2'], conditions: gone },
      ],
      ['http', 80],
    );
    expect(shown(slice)).toEqual(['10.0.0.1 80']);
    expect(shown(slice, aSlice('IPv6', [{ addresses: ['fd00::1'] }], ['http', 80]))).toEqual(['fd00::1 80']);
  });

  it('are of IPv4 where there is any', () => {
    const six = aSlice('IPv6', [{ addresses: ['fd00::1'] }], ['http', 80]);
    expect(shown(six)).toEqual(['fd00::1 80']);
    expect(shown(six, aSlice('IPv4', [{ addresses: ['10.0.0.1'] }], ['http', 80]))).toEqual(['10.0.0.1 80']);
    expect(shown(aSlice('FQDN', [{ addresses: ['a.test'] }], ['http', 80]))).toEqual([]);
  });

  it('are found for a port without a name, and where lists are null', () => {
    const nameless: EndpointSlice = { ...aSlice('IPv4', [{ addresses: ['10.0.0.1'] }]), ports: [{ port: 7 }] };
    expect(addressesOf([nameless], { port: 80 })).toEqual([{ host: '10.0.0.1', port: 7 }]);
    expect(
      addressesOf(
        [
          { ...nameless, ports: null },
          { ...nameless, endpoints: null },
        ],
        { port: 80 },
      ),
    ).toEqual([]);
  });
});
