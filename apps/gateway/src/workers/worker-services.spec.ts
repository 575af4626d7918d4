import { setImmediate } from 'node:timers/promises';
import { type ServiceInstance, ServiceInstances } from '@tigateway/proxy';
import { beforeEach, describe, expect, it } from 'vitest';
import { ToldServiceInstances } from './told-service-instances.js';
import type { WorkerLink } from './worker-link.js';
import type { ToWorker } from './worker-messages.js';
import { WorkerServices } from './worker-services.js';

const NONE: readonly ServiceInstance[] = [];
const at = (host: string): readonly ServiceInstance[] => [{ host, port: 80, scheme: undefined, authority: host }];

/** Services that a test changes. */
class Known extends ServiceInstances {
  override names: readonly string[] = [];
  private readonly instances = new Map<string, readonly ServiceInstance[]>();
  private tell = (): void => undefined;

  put(service: string, instances: readonly ServiceInstance[]): void {
    this.instances.set(service, instances);
    this.tell();
  }

  override instancesOf(service: string): readonly ServiceInstance[] {
    return this.instances.get(service) ?? NONE;
  }

  override onChange(listener: () => void): () => void {
    this.tell = listener;
    return () => undefined;
  }
}

let known: Known;
let services: WorkerServices;
let told: ToldServiceInstances;
let link: WorkerLink;
let messages: ToWorker[];

beforeEach(() => {
  known = new Known();
  messages = [];
  const hear = (message: ToWorker): Promise<void> => {
    messages.push(message);
    if (message.type === 'services') told.tell(message.services);
    return Promise.resolve();
  };
  link = { isJoined: true, say: hear } as unknown as WorkerLink;
  services = new WorkerServices(known, new Set([link]));
  told = new ToldServiceInstances((service) => services.seek(service, link));
});

describe('services that a worker is told of', () => {
  it('are those that are listed and those that a route names, with each of their changes', async () => {
    known.put('named', at('one'));
    services.follow(['named']);
    expect(told.instancesOf('named')).toEqual(at('one'));
    known.names = ['listed'];
    known.put('listed', at('two'));
    known.put('named', at('three'));
    await setImmediate();
    expect(told.names).toEqual(['listed']);
    expect([told.instancesOf('named'), told.instancesOf('listed')]).toEqual([at('three'), at('two')]);
    const before = messages.length;
    known.put('nobody asks for it', at('four'));
    await setImmediate();
    expect(messages).toHaveLength(before);
  });

  it('are found once a request has asked for them, and there is nobody meanwhile', async () => {
    known.put('asked', at('one'));
    expect(told.instancesOf('asked')).toEqual([]);
    expect(told.instancesOf('asked')).toEqual(at('one'));
    known.put('asked', at('two'));
    await setImmediate();
    expect(told.instancesOf('asked')).toEqual(at('two'));
  });

  it('are all told to one that begins', () => {
    known.names = ['listed'];
    known.put('listed', at('one'));
    services.follow(['named']);
    expect(services.all()).toEqual({
      names: ['listed'],
      instances: [
        ['listed', at('one')],
        ['named', []],
      ],
    });
  });
});
