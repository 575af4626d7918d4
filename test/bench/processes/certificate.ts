import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Both in one. */
  readonly both: string;
}

/** A certificate on P-256 for this machine's loopback address, made by `openssl` in `folder`. */
export function makeCertificate(folder: string): Certificate {
  const made = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), both: join(folder, 'tls.pem') };
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', made.key];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', made.certificate, '-days', '2', ...names], {
    stdio: 'ignore',
  });
  writeFileSync(made.both, readFileSync(made.certificate, 'utf8') + readFileSync(made.key, 'utf8'));
  return made;
}
