const DAMAGE_ADVICE = 'bring the directory back from a backup, or move it away to begin anew';

/**
 * A failure inside the store's thread, told in words for the operator. It reaches the callers as ConfigurationStoreError;
 * the thread itself loads nothing of the model, whose validators would make it start ten times slower.
 */
export class StoreFailure extends Error {}

/** What a failure of SQLite or of the file system means to the operator; the original stays the cause. */
export function storeFailure(file: string, error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  return new StoreFailure(`"${file}" ${meaning(code, inOneLine(message))}`, { cause: error });
}

export function damaged(file: string, what: string): StoreFailure {
  return new StoreFailure(`"${file}" is damaged: ${inOneLine(what)}; ${DAMAGE_ADVICE}`);
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
    case 'SQLITE_IOERR_WRITE':
    case 'EFBIG':
      return `cannot be written: ${message}`;
    case 'SQLITE_CANTOPEN':
      return `cannot be opened: ${message}`;
    default:
      return `failed: ${message}`;
  }
}

/** SQLite's reports have several lines, and quote whatever bytes they found. */
function inOneLine(text: string): string {
  return text.replace(/[\p{C}\ufffd]+/gu, ' ').trim();
}
