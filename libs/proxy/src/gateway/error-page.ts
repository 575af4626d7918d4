import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { HeaderList, type ShortResponse } from '@tigateway/routing';

/** The body of an error that the gateway itself answers with: JSON, or a plain page for a browser. */
export function errorPage(status: number, path: string, accept: string | undefined): ShortResponse {
  const error = STATUS_CODES[status] ?? `Http Status ${status}`;
  if (accept?.includes('text/html')) {
    const title = `${status} ${error}`;
    return {
      status,
      headers: new HeaderList(['Content-Type', 'text/html;charset=UTF-8']),
      body: `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
    };
  }
  return {
    status,
    headers: new HeaderList(['Content-Type', 'application/json']),
    body: JSON.stringify({ timestamp: new Date().toISOString(), path, status, error, requestId: randomUUID() }),
  };
}
