import type { BigIntStats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isDocumentName } from '../document-name.js';
import { signatureOf } from './document-file.js';

/** A file that is a document, not read yet. */
export interface FoundFile {
  readonly path: string;
  readonly signature: string;
}

/** A place that could not be looked into: what was known below it stays as it was. */
export interface Failure {
  /** As documents are named: relative to the base folder. */
  readonly name: string;
  readonly reason: string;
}

export interface FoundDocuments {
  /** By document name. */
  readonly files: ReadonlyMap<string, FoundFile>;
  readonly failures: readonly Failure[];
}

/**
 * Finds the documents at some paths, files or folders with all their subfolders. Symbolic links are followed, each folder once. A
 * file that vanishes while it is looked for is no document; a link that leads nowhere is one that cannot be read.
 * @param base what documents are named from
 */
export async function findDocuments(paths: readonly string[], base: string): Promise<FoundDocuments> {
  const search = new Search(base);
  for (const path of paths) await search.root(path);
  return { files: search.files, failures: search.failures };
}

export function documentName(base: string, path: string): string {
  return relative(base, path).split(sep).join('/');
}

/** What a person needs to know of a failed file operation. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return code ?? (error as Error).message;
}

class Search {
  readonly files = new Map<string, FoundFile>();
  readonly failures: Failure[] = [];
  private readonly visited = new Set<string>();

  constructor(private readonly base: string) {}

  /** A path that the operator named must be there. */
  async root(path: string): Promise<void> {
    await this.attempt(path, async () => {
      const stats = await stat(path, { bigint: true });
      if (stats.isDirectory()) await this.folder(path);
      else this.file(path, stats);
    });
  }

  private async folder(path: string): Promise<void> {
    const real = await realpath(path);
    if (this.visited.has(real)) return;
    this.visited.add(real);
    for (const entry of await readdir(path)) {
      if (!entry.startsWith('.')) await this.entry(join(path, entry), entry);
    }
  }

  private async entry(path: string, name: string): Promise<void> {
    await this.attempt(path, async () => {
      const stats = await stat(path, { bigint: true }).catch(absent);
      if (stats?.isDirectory()) await this.folder(path);
      else if (!isDocumentName(name)) return;
      else if (stats) this.file(path, stats);
      else if (await lstat(path).catch(absent)) throw new Error('it is a link that leads nowhere');
    });
  }

  private file(path: string, stats: BigIntStats): void {
    if (stats.isFile()) this.files.set(documentName(this.base, path), { path, signature: signatureOf(stats) });
  }

  private async attempt(path: string, search: () => Promise<void>): Promise<void> {
    try {
      await search();
    } catch (error) {
      this.failures.push({ name: documentName(this.base, path), reason: reasonOf(error) });
    }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
