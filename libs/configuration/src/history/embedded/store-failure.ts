import { ConfigurationStoreError } from '@tigateway/model';

const DAMAGE_ADVICE = 'bring the directory back from a backup, or move it away to begin anew';

/** What a failure of SQLite or of the file system means to the operator; the original stays the cause. */
export function storeFailure(file: string, error: unknown): ConfigurationStoreError {
  if (error instanceof ConfigurationStoreError) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  return new ConfigurationStoreError(`"${file}" ${meaning(code, message)}`, { cause: error });
}

export function damaged(file: string, what: string): ConfigurationStoreError {
  return new ConfigurationStoreError(`"${file}" is damaged: ${what}; ${DAMAGE_ADVICE}`);
}

function meaning(code: string, message: string): string {
  switch (code) {
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return `is damaged: ${message}; ${DAMAGE_ADVICE}`;
    case 'SQLITE_FULL':
    case 'ENOSPC':
      return 'cannot grow: the disk is full';
    case 'SQLITE_READONLY':
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `cannot be written: ${message}`;
    case 'SQLITE_CANTOPEN':
      return `cannot be opened: ${message}`;
    default:
      return `failed: ${message}`;
  }
}
