/** What the process is asked to do by signals: a small part of `process`, so that a test can stand in for it. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT' | 'SIGUSR2', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * The first SIGTERM or SIGINT stops gracefully and ends the process with 0, or with 1 where the stop fails. A second one means
 * that somebody does not want to wait: it ends the process with 1 at once.
 */
export function stopOnSignal(source: SignalSource, stop: () => Promise<void>, report: (error: unknown) => void): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) {
      source.exit(1);
      return;
    }
    stopping = true;
    stop().then(
      () => source.exit(0),
      (error: unknown) => {
        report(error);
        source.exit(1);
      },
    );
  };
  source.on('SIGTERM', onSignal);
  source.on('SIGINT', onSignal);
}

/** SIGUSR2 has the processes that serve traffic replaced. */
export function restartOnSignal(source: SignalSource, restart: () => void): void {
  source.on('SIGUSR2', restart);
}
