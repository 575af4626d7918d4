import { GatewayError } from '@tigateway/model';

interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly syscall?: string;
}

/** Why the gateway did not start, in one line for the person who tried. */
export function startFailure(error: unknown): string {
  return describe(error)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof GatewayError) return error.message;
  const { code, address, port, syscall } = error as SystemError;
  // A worker has its address bound by the control process.
  if (syscall !== 'listen' && syscall !== 'bind') return error.message;
  const place = `${address ?? ''}:${port ?? ''}`;
  if (code === 'EADDRINUSE') return `${place} is in use by another process`;
  if (code === 'EACCES') return `${place} may not be listened on by this user`;
  if (code === 'EADDRNOTAVAIL') return `${place} is no address of this machine`;
  return error.message;
}
