import { ConfigurationRejectedEvent, ConfigurationRollbackEvent, ConfigurationUpdateEvent } from '@tigateway/model';
import { describe, expect, it } from 'vitest';
import { lineOf } from './event-log.channel.js';

const facts = {
  sequence: 7,
  timestamp: 1,
  source: 'api',
  configType: 'route' as const,
  configId: 'a',
  version: 'v1',
  actor: 'admin@127.0.0.1',
};

describe('the log line of an event', () => {
  it('says who changed what and why, not what it was set to', () => {
    const event = new ConfigurationUpdateEvent({ ...facts, reason: 'ticket 4', configuration: { id: 'a', uri: 'x' } });
    expect(lineOf(event)).toEqual({
      event: 'configuration_update',
      sequence: 7,
      source: 'api',
      configType: 'route',
      configId: 'a',
      version: 'v1',
      actor: 'admin@127.0.0.1',
      reason: 'ticket 4',
    });
  });

  it('says what a rollback went from and to', () => {
    const event = new ConfigurationRollbackEvent({
      ...facts,
      configuration: {},
      from: 'v0',
      to: 'v1',
      trigger: 'auto',
    });
    expect(lineOf(event)).toMatchObject({ event: 'configuration_rollback', from: 'v0', to: 'v1', trigger: 'auto' });
  });

  it('says where a rejected document is wrong', () => {
    const position = { source: 'file', document: 'a.yaml', line: 3, column: 5 };
    const errors = [{ pointer: '/routes/0', code: 'required', message: 'no uri', position }];
    const event = new ConfigurationRejectedEvent({ sequence: 8, timestamp: 2, source: 'file', position, errors });
    expect(lineOf(event)).toEqual({
      event: 'configuration_rejected',
      sequence: 8,
      source: 'file',
      document: 'a.yaml:3:5',
      errors: [{ pointer: '/routes/0', code: 'required', message: 'no uri' }],
    });
  });
});
