import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** Gateways and peers alone on one core; load, upstreams and the bench itself on another. */
const SUBJECT_CORE = 0;
const LOAD_CORE = 1;

const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

export type Place = 'subject' | 'load';

/** The command line that runs `command` on its core; the command itself where that cannot be had. */
export function pinned(place: Place, command: readonly string[]): readonly [string, ...string[]] {
  const core = place === 'subject' ? SUBJECT_CORE : LOAD_CORE;
  return (canPin ? ['taskset', '--cpu-list', String(core), ...command] : command) as [string, ...string[]];
}

/** Moves this process to the core of the load. */
export function pinSelf(): void {
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(LOAD_CORE), String(process.pid)]);
}

/** What the figures depend on besides the code. */
export function describeMachine(): Readonly<Record<string, string | number | boolean>> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    pinned: canPin,
  };
}
