import { hostname } from 'node:os';
import { DurationMs, Nested, Text } from '@tigateway/model';
import { Matches, MaxLength, Min } from 'class-validator';

/** Objects of the cluster are named after it. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const NAME_OR_NONE = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/;
const EXPECTED = 'small letters, digits, "-" and "." between them';

export class LeaseSettings {
  /** Silence of the leader, in milliseconds, after which another takes over. */
  @DurationMs({ key: 'duration' }) @Min(1_000) durationMs = 15_000;
  @DurationMs({ key: 'renew-interval' }) @Min(100) renewIntervalMs = 5_000;
  /** Between two attempts of who is not the leader, or could not renew, in milliseconds. */
  @DurationMs({ key: 'retry-interval' }) @Min(100) retryIntervalMs = 2_000;
}

/** How the API server is reached, and who this gateway is in the cluster; nothing is asked while no feature needs it. */
export class KubernetesSettings {
  /** A file; empty: the service account of the pod, else `KUBECONFIG`, else `~/.kube/config`. */
  @Text() kubeconfig = '';
  /** Of the kubeconfig; empty: the current one. */
  @Text() context = '';
  /** The gateway's own; empty: the service account's, else the context's, else `tigateway`. */
  @Text() @Matches(NAME_OR_NONE, { message: `$property must be ${EXPECTED}` }) namespace = '';
  /** What custom resources select by `spec.gateway`; all replicas of one gateway say the same. */
  @Text() @Matches(NAME, { message: `$property must be ${EXPECTED}` }) @MaxLength(63) gateway = 'tigateway';
  /** Of this replica; empty: the host name. */
  @Text() @Matches(NAME_OR_NONE, { message: `$property must be ${EXPECTED}` }) @MaxLength(180) identity = '';
  @Nested(() => LeaseSettings) lease = new LeaseSettings();
}

export function identityOf({ identity }: KubernetesSettings): string {
  return identity || hostname().toLowerCase();
}

/** What is wrong with the times of the Lease together; `undefined` where nothing is. */
export function leaseProblem({ durationMs, renewIntervalMs, retryIntervalMs }: LeaseSettings): string | undefined {
  // The leader gives up one retry interval before the end, and must have renewed before.
  if (renewIntervalMs + retryIntervalMs < durationMs) return undefined;
  return '"renew-interval" and "retry-interval" together must be less than "duration"';
}
