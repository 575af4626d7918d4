import type { Clock } from '@tigateway/model';
import { OAuth2Client, type OAuth2ClientSettings } from './oauth2-client.js';

/** The operator's registrations, by id. */
export class OAuth2Clients {
  private readonly clients: ReadonlyMap<string, OAuth2Client>;

  constructor(settings: Readonly<Record<string, OAuth2ClientSettings>>, clock: Clock) {
    this.clients = new Map(Object.entries(settings).map(([id, each]) => [id, new OAuth2Client(id, each, clock)]));
  }

  find(id: string): OAuth2Client | undefined {
    return this.clients.get(id);
  }

  get ids(): readonly string[] {
    return [...this.clients.keys()];
  }
}
