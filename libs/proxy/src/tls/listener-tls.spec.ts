import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { connect as connectPlain } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawUpstream } from '../testing/raw-peer.js';
import { RunningGateway } from '../testing/running-gateway.js';
import { testCertificate, type TestCertificate } from '../testing/certificates.js';
import { local } from '../testing/test-route.js';
import type { ListenerTlsSettings } from './listener-tls.js';

const FIRST = testCertificate('first');
const SECOND = testCertificate('second');
const CLIENT = testCertificate('client');
const STRANGER = testCertificate('stranger');
const GET = 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n';

const cleanups: (() => unknown)[] = [];
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tls-'))));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true });
});

async function started(tls: Partial<ListenerTlsSettings> = {}): Promise<{ port: number; upstream: RawUpstream }> {
  const upstream = await RawUpstream.listen((socket, received) => {
    if (received.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  cleanups.push(() => upstream.stop());
  const gateway = await RunningGateway.start([{ id: 'r', uri: local(upstream.port) }], {
    limits: { headersTimeoutMs: 2_000 },
    tls: {
      certificate: FIRST.certificate,
      key: FIRST.key,
      minVersion: 'TLSv1.2',
      clientAuth: 'none',
      ...tls,
    },
  });
  cleanups.push(() => gateway.stop());
  return { port: gateway.port, upstream };
}

/** A client of its own; trusts both certificates. */
async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: 'localhost',
    ca: [FIRST.cert, SECOND.cert],
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  cleanups.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

async function answer(socket: TLSSocket, request = GET): Promise<string> {
  socket.write(request);
  let received = '';
  while (!received.endsWith('ok')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received += chunk.toString('latin1');
  }
  return received;
}

/** What a client that trusts both is shown. */
async function shown(port: number): Promise<string> {
  const socket = await secured(port);
  return String(socket.getPeerCertificate().subject.CN);
}

/** The fate of a connection: an answer, or how it was refused. */
async function fate(port: number, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await secured(port, options);
    const closed = once(socket, 'close').then(
      () => 'closed',
      (error: Error) => error.message,
    );
    return await Promise.race([answer(socket).then((text) => text.slice(9, 12)), closed]);
  } catch (error) {
    return (error as Error).message;
  }
}

async function until(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function write({ cert, keyText }: TestCertificate, into = folder): void {
  writeFileSync(join(into, 'tls.crt'), cert);
  writeFileSync(join(into, 'tls.key'), keyText);
}

describe('a listener with TLS', () => {
  it('serves HTTP/1.1 and tells upstreams that it came by https', async () => {
    const { port, upstream } = await started();
    const socket = await secured(port);
    expect(socket.alpnProtocol).toBe('http/1.1');
    expect(await answer(socket)).toContain('200 OK');
    expect(await answer(socket)).toContain('200 OK');
    expect(upstream.requests[0]).toMatch(/X-Forwarded-Proto: https\r\n/);
    expect(upstream.requests[0]).toMatch(/X-Forwarded-Port: 443\r\n/);
    expect(upstream.requests[0]).toMatch(/Forwarded: proto=https;/);
  });

  it.each<[string, Partial<ListenerTlsSettings>, ConnectionOptions, RegExp]>([
    ['an old version', { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }, /alert|version/i],
    ['a new enough version', { minVersion: 'TLSv1.2' }, { maxVersion: 'TLSv1.2' }, /^200$/],
    [
      'no certificate, where one is needed',
      { clientAuth: 'need', clientCa: CLIENT.certificate },
      {},
      /alert|closed|reset/i,
    ],
    [
      'a certificate of a stranger, where one is needed',
      { clientAuth: 'need', clientCa: CLIENT.certificate },
      { cert: STRANGER.cert, key: STRANGER.keyText },
      /alert|closed|reset/i,
    ],
    [
      'a good certificate, where one is needed',
      { clientAuth: 'need', clientCa: CLIENT.certificate },
      { cert: CLIENT.cert, key: CLIENT.keyText },
      /^200$/,
    ],
    ['no certificate, where one is wanted', { clientAuth: 'want', clientCa: CLIENT.certificate }, {}, /^200$/],
    [
      'a certificate of a stranger, where one is wanted',
      { clientAuth: 'want', clientCa: CLIENT.certificate },
      { cert: STRANGER.cert, key: STRANGER.keyText },
      /closed|reset/i,
    ],
  ])('%s', async (_, settings, options, expected) => {
    const { port } = await started(settings);
    expect(await fate(port, options)).toMatch(expected);
  });

  it('closes a connection whose handshake does not come, and at once when it stops', async () => {
    const { port } = await started();
    const silent = connectPlain(port, '127.0.0.1');
    await once(silent, 'connect');
    silent.on('error', () => undefined);
    silent.resume();
    const closed = once(silent, 'close');
    await Promise.all([cleanups.pop()?.(), closed]);
  });

  it('shows a new certificate to new connections and leaves the open ones alone', async () => {
    write(FIRST);
    const { port } = await started({ certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') });
    const old = await secured(port);
    expect(old.getPeerCertificate().subject.CN).toBe('first.example');
    write(SECOND);
    await until(async () => (await shown(port)) === 'second.example');
    expect(await answer(old)).toContain('200 OK');
  });

  it('follows the symlink swap of a mounted secret', async () => {
    for (const [name, pair] of [
      ['..1', FIRST],
      ['..2', SECOND],
    ] as const) {
      mkdirSync(join(folder, name));
      write(pair, join(folder, name));
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/tls.crt', join(folder, 'tls.crt'));
    symlinkSync('..data/tls.key', join(folder, 'tls.key'));
    const { port } = await started({ certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') });
    expect(await shown(port)).toBe('first.example');
    symlinkSync('..2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await until(async () => (await shown(port)) === 'second.example');
  });

  it('keeps what it has while the files hold no pair', async () => {
    write(FIRST);
    const { port } = await started({ certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') });
    writeFileSync(join(folder, 'tls.crt'), SECOND.cert);
    const quietUntil = Date.now() + 2_500;
    await until(async () => {
      expect(await shown(port)).toBe('first.example');
      return Date.now() > quietUntil;
    });
    rmSync(join(folder, 'tls.key'));
    writeFileSync(join(folder, 'tls.key'), SECOND.keyText);
    await until(async () => (await shown(port)) === 'second.example');
  });

  it.each([
    ['is no file', { key: '/no/such.pem' }, /no\/such\.pem/],
    ['does not fit', { key: SECOND.key }, /first.pem and .*second.key.pem are no pair to use: .*mismatch/],
    ['is no key', { key: FIRST.certificate }, /are no pair to use/],
  ])('does not start where the key %s', async (_, settings, message) => {
    await expect(started(settings)).rejects.toThrow(message);
  });
});
