import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A certificate of the tests that signed itself, for `localhost` and `127.0.0.1` where it is a server's. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly cert: string;
  readonly keyText: string;
}

/** @param name of the files in `certificates/`; each is its own authority, and its subject's common name is `<name>.example` */
export function testCertificate(name: 'upstream' | 'first' | 'second' | 'client' | 'stranger'): TestCertificate {
  const certificate = fileURLToPath(new URL(`certificates/${name}.pem`, import.meta.url));
  const key = certificate.replace('.pem', '.key.pem');
  return { certificate, key, cert: readFileSync(certificate, 'utf8'), keyText: readFileSync(key, 'utf8') };
}
