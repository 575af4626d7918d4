interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

/** What the API server refused, or that it was not reached. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';

  /**
   * @param status of HTTP; 0: the server was not reached, or the credentials cannot be had
   * @param reason the word of the API server (`Conflict`, `AlreadyExists`, `Forbidden`), or ours where the status is 0
   * @param retryAfterMs how long it asks to be left alone
   */
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** @param body an object `Status`, or whatever else stands between us and the API server said */
  static ofAnswer(status: number, body: string, retryAfter?: string): KubernetesError {
    const said = statusOf(body);
    const seconds = Number(retryAfter ?? said.details?.retryAfterSeconds ?? Number.NaN);
    const isTooLarge = said.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge');
    return new KubernetesError(
      status,
      isTooLarge ? 'ResourceVersionTooLarge' : (said.reason ?? 'Unknown'),
      said.message ?? `the API server answered ${status}`,
      Number.isFinite(seconds) ? seconds * 1_000 : undefined,
    );
  }

  /** @param doing what was asked for, such as `GET /api/v1/configmaps` */
  static notReached(doing: string, cause: unknown): KubernetesError {
    const { name, message, code } = cause as Error & { code?: string };
    const isTimeout = name === 'TimeoutError' || code?.endsWith('_TIMEOUT') === true;
    const reason = isTimeout ? 'Timeout' : 'Unreachable';
    return new KubernetesError(0, reason, `${doing}: ${message || (code ?? name)}`, undefined, { cause });
  }

  /** What the reader asked to go on from is no longer known, or not yet: it has to list anew. */
  get isExpired(): boolean {
    return this.status === 410 || this.reason === 'ResourceVersionTooLarge';
  }
}

function statusOf(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return body.trim() === '' ? {} : { message: body.trim().slice(0, 500) };
  }
}
