import { readFileSync } from 'node:fs';

/** How often the file is read, in milliseconds: it is small, and however it is replaced, that is seen. */
const LOOK_MS = 1_000;

/** @throws Error where it cannot be read or holds no token */
export function readTokenFile(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('it must hold one token, of visible ASCII characters');
  return token;
}

export interface TokenFileListener {
  changed(token: string): void;
  /** It cannot be used: the token before it stays. */
  failed(reason: string): void;
}

/**
 * @param current the token that it held
 * @returns a function that ends the watching
 */
export function watchTokenFile(file: string, current: string, listener: TokenFileListener): () => void {
  let token = current;
  let failure: string | undefined;
  const look = (): void => {
    try {
      const read = readTokenFile(file);
      failure = undefined;
      if (read === token) return;
      token = read;
      listener.changed(token);
    } catch (error) {
      const { message } = error as Error;
      if (message !== failure) listener.failed(message);
      failure = message;
    }
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}
