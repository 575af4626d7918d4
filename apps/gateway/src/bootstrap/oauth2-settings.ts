import { Choice, DurationMs, ListOf, MapOf, Text } from '@tigateway/model';
import { IsNotEmpty, IsUrl, Min } from 'class-validator';

/** A registration at an authorization server, for the filter `TokenRelay`. */
export class OAuth2ClientRegistration {
  @Text() @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] }) tokenUri!: string;
  @Text() @IsNotEmpty() clientId!: string;
  @Text() clientSecret = '';
  @ListOf({ kind: 'text' }) scope: string[] = [];
  /** With one the flow is that of the refresh token, else of client credentials. */
  @Text() refreshToken = '';
  @Choice(['client_secret_basic', 'client_secret_post'])
  clientAuthenticationMethod: 'client_secret_basic' | 'client_secret_post' = 'client_secret_basic';
  @DurationMs({ key: 'timeout' }) @Min(1) timeoutMs = 5_000;
}

export class OAuth2Settings {
  @MapOf({ kind: 'nested', of: () => OAuth2ClientRegistration }) clients: Record<string, OAuth2ClientRegistration> = {};
}
