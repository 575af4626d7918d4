import Database from 'libsql';
import { StoreFailure } from './store-failure.js';

/**
 * Keeps a directory for one process. The lock is a transaction on a database of its own, never finished: the operating
 * system takes it back the moment the process is gone, however it went, so no stale lock can keep a restart out.
 */
export class DirectoryLock {
  private constructor(private readonly database: Database.Database) {}

  /** @throws StoreFailure when another process (or another store of this one) holds it */
  static take(file: string, directory: string): DirectoryLock {
    const database = new Database(file);
    try {
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
      throw new StoreFailure(`the data directory "${directory}" is in use by another gateway process`);
    }
    return new DirectoryLock(database);
  }

  release(): void {
    this.database.exec('ROLLBACK');
    this.database.close();
  }
}
