/** Where Redis is, and how long it may take. Times in milliseconds. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database: number;
  readonly tls: boolean;
  readonly connectTimeoutMs: number;
  /** Of one command: a request never waits longer for its verdict. */
  readonly commandTimeoutMs: number;
}
