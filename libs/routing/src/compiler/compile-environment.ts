import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { Problem } from '@tigateway/model';
import type { HttpClientSettings } from '../globals/httpclient.settings.js';

/** An address and a port that this process listens on; `0.0.0.0` and `::` stand for every local address. */
export interface OwnListener {
  readonly address: string;
  readonly port: number;
}

/** What the compiler may know of the process: a route to the gateway's own ports would be a loop. */
export abstract class CompileEnvironment {
  abstract readonly ownListeners: readonly OwnListener[];
  /** What keeps these settings from being used in this process: a file that cannot be read, a key that fits no certificate. */
  httpClientProblems?(settings: HttpClientSettings): readonly Problem[];
}

/** @param host a name or an IP address without brackets */
export function isOwnListener(
  { ownListeners }: Pick<CompileEnvironment, 'ownListeners'>,
  host: string,
  port: number,
): boolean {
  return ownListeners.some((listener) => listener.port === port && reaches(listener.address, host.toLowerCase()));
}

function reaches(address: string, host: string): boolean {
  if (host === address || isUnspecified(host)) return true;
  if (isLoopback(host)) return isUnspecified(address) || isLoopback(address);
  return isUnspecified(address) && isLocal(host);
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host.startsWith('::ffff:7f') || host === 'localhost' || host.endsWith('.localhost');
}

function isLocal(host: string): boolean {
  if (host === hostname().toLowerCase()) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}
