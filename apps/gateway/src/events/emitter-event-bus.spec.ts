import { Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { RoutesRefreshedEvent } from '@tigateway/model';
import { afterEach, describe, expect, it } from 'vitest';
import { JsonLogger } from '../logging/json-logger.js';
import { EmitterEventBus } from './emitter-event-bus.js';

const refreshed = new RoutesRefreshedEvent(7, 0);

describe('EmitterEventBus', () => {
  afterEach(() => Logger.overrideLogger(true));

  it('brings an event to every subscriber until it unsubscribes', () => {
    const bus = new EmitterEventBus(new EventEmitter2());
    const heard: string[] = [];
    bus.subscribe('routes.refreshed', ({ revision }) => heard.push(`a${revision}`));
    const leave = bus.subscribe('routes.refreshed', ({ revision }) => heard.push(`b${revision}`));
    bus.publish('routes.refreshed', refreshed);
    leave();
    bus.publish('routes.refreshed', refreshed);
    expect(heard).toEqual(['a7', 'b7', 'a7']);
  });

  it('logs what a listener throws and goes on with the others', () => {
    const lines: string[] = [];
    Logger.overrideLogger(new JsonLogger('error', { write: (line) => void lines.push(line) }));
    const bus = new EmitterEventBus(new EventEmitter2());
    const heard: number[] = [];
    bus.subscribe('routes.refreshed', () => {
      throw new Error('listener broke');
    });
    bus.subscribe('routes.refreshed', ({ revision }) => heard.push(revision));

    bus.publish('routes.refreshed', refreshed);

    expect(heard).toEqual([7]);
    expect(lines.join()).toContain('a listener of routes.refreshed failed: Error: listener broke');
  });
});
