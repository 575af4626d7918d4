import type { SourceUpdate } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../../test/builders/fake-clock.js';
import { ToldWatch } from '../kubernetes/told-watch.fixture.js';
import { INGRESS_CONTROLLER } from './ingress-routes.js';
import { IngressSource } from './ingress-source.js';
import { IngressStatus } from './ingress-status.js';
import type { Ingress, IngressClass } from './ingress-types.js';

function ingress(name: string, ingressClassName: string, more: Partial<Ingress> = {}): Ingress {
  const defaultBackend = { service: { name: 'web', port: { number: 80 } } };
  const metadata = { name, namespace: 'shop', uid: name, creationTimestamp: '2026-01-02T03:04:05Z' };
  return { metadata, spec: { ingressClassName, defaultBackend }, ...more };
}

const edge: IngressClass = { metadata: { name: 'edge' }, spec: { controller: INGRESS_CONTROLLER } };

function watched() {
  const [ingresses, classes] = [new ToldWatch<Ingress>(), new ToldWatch<IngressClass>()];
  const source = new IngressSource(ingresses, classes, 'tigateway', new FakeClock());
  const told: string[] = [];
  const names = (update: SourceUpdate): string =>
    update.documents.map(({ name }) => `+${name.split('/')[1]}`).join(' ');
  const started = source.start({
    deliver: (update) => {
      const removed = update.removed.map((name) => `-${name.split('/')[1]}`).join(' ');
      told.push(`${update.complete ? 'all ' : ''}${names(update)}${removed}`);
      return Promise.resolve();
    },
    down: (reason) => void told.push(`down ${reason}`),
  });
  return { ingresses, classes, source, told, started };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the source of Ingresses', () => {
  it('delivers those of our classes, also of a class that comes later', async () => {
    const { ingresses, classes, told, started, source } = watched();
    ingresses.list(ingress('a', 'tigateway'), ingress('b', 'edge'), ingress('c', 'nginx'));
    classes.list();
    await started;
    classes.put(edge);
    await turn();
    ingresses.put(ingress('a', 'nginx'));
    await turn();
    classes.remove('edge');
    await turn();
    expect(told).toEqual(['all +a', '+b', '-a', '-b']);
    await source.stop();
  });

  it('says nothing while classes cannot be read', async () => {
    const { ingresses, classes, told, started, source } = watched();
    ingresses.list(ingress('b', 'edge'));
    classes.down('no rights');
    await started;
    expect(told).toEqual(['down no rights']);
    classes.up();
    classes.list(edge);
    await turn();
    expect(told.slice(1)).toEqual(['all +b']);
    await source.stop();
  });

  it('delivers nothing anew for a change of the status', async () => {
    const { ingresses, classes, told, started, source } = watched();
    ingresses.list(ingress('a', 'tigateway'));
    classes.list();
    await started;
    ingresses.put(ingress('a', 'tigateway', { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }));
    await turn();
    expect(told).toEqual(['all +a']);
    await source.stop();
  });
});

describe('the status of an Ingress', () => {
  const clock = new FakeClock();
  const leadership = { isLeader: false, onChange: () => () => undefined };
  const client = { patch: () => Promise.reject(new Error('nothing is written here')) };
  const wishesFor = async (each: Ingress, addresses: string[]) => {
    const { ingresses, classes, started, source } = watched();
    const status = new IngressStatus(source, addresses, { client, leadership, clock, failed: () => undefined });
    ingresses.list(each);
    classes.list();
    await started;
    return status.wish(`shop/${each.metadata.name}`);
  };

  it('names where the gateway is reached', async () => {
    expect(await wishesFor(ingress('a', 'tigateway'), ['192.0.2.1', '2001:db8::1', 'edge.test'])).toMatchObject({
      namespace: 'shop',
      name: 'a',
      isWritten: false,
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }, { hostname: 'edge.test' }] } },
    });
  });

  it('is left alone where it says so already, of others, and where no address is known', async () => {
    const written = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
    expect(await wishesFor(ingress('a', 'tigateway', written), ['192.0.2.1'])).toMatchObject({ isWritten: true });
    expect(await wishesFor(ingress('a', 'nginx'), ['192.0.2.1'])).toBeUndefined();
    expect(await wishesFor(ingress('a', 'tigateway'), [])).toBeUndefined();
  });
});
