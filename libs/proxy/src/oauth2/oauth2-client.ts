import { Logger } from '@nestjs/common';
import { type Clock, isJsonObject, type Json } from '@tigateway/model';
import { ExchangeError } from '@tigateway/routing';

/** A registration at an authorization server (RFC 6749). Times in milliseconds. */
export interface OAuth2ClientSettings {
  readonly tokenUri: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** With a refresh token that flow, else that of client credentials. */
  readonly refreshToken?: string | undefined;
  /** Where the secret goes: an `Authorization` header, or the form. */
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly timeoutMs: number;
}

interface Token {
  readonly value: string;
  /** From then on another one is fetched, while this is still good. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** Of a token that does not say how long it lives. */
const DEFAULT_LIFETIME_MS = 60_000;
const MAX_MARGIN_MS = 60_000;
/** After a failure nobody asks for this long. */
const PAUSE_MS = 1_000;

/** Keeps one access token, fetches the next before it expires, and never twice at the same time. */
export class OAuth2Client {
  private token: Token | undefined;
  private refreshToken: string | undefined;
  private fetching: Promise<Token> | undefined;
  private failedUntilMs = -Infinity;
  private readonly logger = new Logger('OAuth2');

  constructor(
    private readonly id: string,
    private readonly settings: OAuth2ClientSettings,
    private readonly clock: Clock,
  ) {
    this.refreshToken = settings.refreshToken || undefined;
  }

  /**
   * @returns at once where there is a good one
   * @throws ExchangeError 503 where the authorization server gives none
   */
  accessToken(): string | Promise<string> {
    const nowMs = this.clock.monotonicMs();
    const { token } = this;
    if (token !== undefined && nowMs < token.expiresAtMs) {
      if (nowMs >= token.renewAtMs && nowMs >= this.failedUntilMs) this.fetch().catch(() => undefined);
      return token.value;
    }
    if (nowMs < this.failedUntilMs && this.fetching === undefined) return Promise.reject(noToken());
    return this.fetch().then(({ value }) => value);
  }

  private fetch(): Promise<Token> {
    this.fetching ??= this.ask()
      .then(
        (token) => (this.token = token),
        (error: unknown) => {
          this.failedUntilMs = this.clock.monotonicMs() + PAUSE_MS;
          this.logger.warn(`no access token for the client "${this.id}": ${(error as Error).message}`);
          throw noToken();
        },
      )
      .finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async ask(): Promise<Token> {
    const { tokenUri, clientId, clientSecret, scopes, authentication, timeoutMs } = this.settings;
    const form = new URLSearchParams({
      grant_type: this.refreshToken === undefined ? 'client_credentials' : 'refresh_token',
      ...(this.refreshToken !== undefined && { refresh_token: this.refreshToken }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      ...(authentication === 'client_secret_post' && { client_id: clientId, client_secret: clientSecret }),
    });
    const response = await fetch(tokenUri, {
      method: 'POST',
      headers: {
        Accept: 'application/json',
        ...(authentication === 'client_secret_basic' && { Authorization: basic(clientId, clientSecret) }),
      },
      body: form,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    // The answer itself may hold secrets; its status does not.
    if (!response.ok) throw new Error(`the token endpoint answers ${response.status}`);
    return this.read(text);
  }

  private read(text: string): Token {
    const answer = JSON.parse(text) as Json;
    if (!isJsonObject(answer)) throw new Error('the token endpoint answers with no object');
    const { access_token: value, token_type: type, expires_in: seconds, refresh_token: next } = answer;
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) throw new Error('the answer has no access_token');
    if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw new Error('the token is no bearer token');
    if (typeof next === 'string' && this.refreshToken !== undefined) this.refreshToken = next;
    const lifetimeMs = Number(seconds ?? NaN) > 0 ? Number(seconds) * 1_000 : DEFAULT_LIFETIME_MS;
    const nowMs = this.clock.monotonicMs();
    const expiresAtMs = nowMs + lifetimeMs;
    return { value, expiresAtMs, renewAtMs: expiresAtMs - Math.min(MAX_MARGIN_MS, lifetimeMs / 2) };
  }
}

function noToken(): ExchangeError {
  return new ExchangeError(503, 'the authorization server gives no access token');
}

/** RFC 6749, section 2.3.1: both are form-encoded before they are joined. */
function basic(clientId: string, clientSecret: string): string {
  const encoded = [clientId, clientSecret].map((text) => new URLSearchParams({ v: text }).toString().slice(2));
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
}
