import { Text } from '@tigateway/model';
import {
  type CompileContext,
  ComponentError,
  type Exchange,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type Shortcut,
} from '@tigateway/routing';
import { OAuth2Clients } from './oauth2-clients.js';
import type { OAuth2Client } from './oauth2-client.js';

export class TokenRelayArgs {
  @Text({
    optional: true,
    about:
      'A client of `tigateway.oauth2.clients`. Without it the token of whoever is logged in, and nobody logs in here.',
  })
  name?: string;
}

export class TokenRelayFilterFactory implements FilterFactory<TokenRelayArgs> {
  readonly name = 'TokenRelay';
  readonly args = TokenRelayArgs;
  readonly shortcut: Shortcut = { kind: 'fields', names: ['name'] };
  readonly about = 'Gives the upstream an OAuth2 access token of the gateway’s own.';
  readonly example = 'TokenRelay=my-client';

  constructor(private readonly clients: OAuth2Clients) {}

  compile({ name }: TokenRelayArgs, { warn }: CompileContext): GatewayFilter {
    if (name === undefined) {
      warn?.('name', 'nobody logs in at the gateway, so that without a name requests pass unchanged');
      return { toString: () => filterText('TokenRelay') };
    }
    const client = this.clients.find(name);
    if (client === undefined) {
      const known = this.clients.ids.join(', ') || 'none';
      throw new ComponentError('name', `there is no OAuth2 client "${name}"; known are: ${known}`);
    }
    return new TokenRelay(name, client);
  }
}

class TokenRelay implements GatewayFilter {
  constructor(
    private readonly name: string,
    private readonly client: OAuth2Client,
  ) {}

  onRequest(exchange: Exchange): void | Promise<void> {
    const token = this.client.accessToken();
    if (typeof token === 'string') return relay(exchange, token);
    return token.then((late) => relay(exchange, late));
  }

  toString(): string {
    return filterText('TokenRelay', [['name', this.name]]);
  }
}

function relay({ request }: Exchange, token: string): void {
  request.headers.set('Authorization', `Bearer ${token}`);
}
