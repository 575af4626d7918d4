/** Ends an exchange with a status of its own where any other error would be a 500. The message never quotes the client. */
export class ExchangeError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ExchangeError';
  }
}
