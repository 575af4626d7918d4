import { describe, expect, it } from 'vitest';
import { LoadBalancer } from './load-balancer.js';
import { StaticServiceInstances } from './static-service-instances.js';

function chosen(url: string, innerScheme?: string): string | undefined {
  const balancer = new LoadBalancer(new StaticServiceInstances({ orders: [url] }));
  const target = balancer.choose({ kind: 'balanced', service: 'orders', innerScheme });
  return target && `${target.scheme} ${target.host} ${target.port} ${target.authority}`;
}

describe('LoadBalancer', () => {
  it.each([
    ['http://a:1', undefined, 'http a 1 a:1'],
    ['https://a', undefined, 'https a 443 a'],
    ['a:1', undefined, 'http a 1 a:1'],
    ['a:1', 'ws', 'ws a 1 a:1'],
    ['http://a:1', 'https', 'https a 1 a:1'],
    ['http://a:1', 'ws', 'http a 1 a:1'],
    ['http://[::1]:8080', undefined, 'http ::1 8080 [::1]:8080'],
  ])('%s for lb:%s is %s', (url, innerScheme, expected) => {
    expect(chosen(url, innerScheme)).toBe(expected);
  });

  it('gives the instances of a listed service whatever port the route names', () => {
    const balancer = new LoadBalancer(new StaticServiceInstances({ orders: ['a:1'] }));
    expect(balancer.choose({ kind: 'balanced', service: 'orders:80', innerScheme: undefined })).toMatchObject({
      port: 1,
    });
  });

  it('has nobody for a name that it does not know', () => {
    const balancer = new LoadBalancer(new StaticServiceInstances({}));
    expect(balancer.choose({ kind: 'balanced', service: 'x', innerScheme: undefined })).toBeUndefined();
  });
});
