import { readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';

/** Where descriptor sets may lie: whoever writes a route must not be able to have any other file read. */
export class DescriptorFolders {
  private readonly folders: readonly string[];

  constructor(folders: readonly string[]) {
    this.folders = folders.map((folder) => resolve(folder));
  }

  /**
   * @param location a path inside one of the folders, with or without `file:` or `classpath:` before it
   * @throws Error where there is none, or it leads out
   */
  read(location: string): Buffer {
    const path = location.replace(/^(?:file:|classpath:)(?:\/\/)?/, '');
    for (const folder of this.folders) {
      const found = realPath(isAbsolute(path) ? path : join(folder, path));
      const root = realPath(folder);
      if (found === undefined || root === undefined) continue;
      const inside = relative(root, found);
      if (inside !== '' && !inside.startsWith('..') && !isAbsolute(inside)) return readFileSync(found);
    }
    throw new Error(`"${location}" is no file in ${this.folders.join(', ')}`);
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
