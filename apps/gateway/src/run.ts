import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { readBootstrap } from './bootstrap/bootstrap-file.js';
import { Gateway } from './gateway.js';
import { stopOnSignal } from './lifecycle/signals.js';
import { startFailure } from './lifecycle/start-failure.js';
import { JsonLogger } from './logging/json-logger.js';
import { terminalStream } from './logging/terminal-stream.js';

/** Starts the gateway and leaves it to the signals; a failure ends the process. Settles when it serves. */
export async function run(): Promise<void> {
  try {
    const bootstrap = readBootstrap(process.env);
    const { logLevel } = bootstrap.settings.tigateway;
    const logger = new JsonLogger(logLevel, process.stdout.isTTY ? terminalStream(process.stdout) : undefined);
    Logger.overrideLogger(logger);
    const starting = Gateway.start(bootstrap, logger);
    // A signal during the start waits for its end: half-opened, there is nothing to stop in order.
    stopOnSignal(
      process,
      async () => (await starting).stop(),
      (error) => logger.error(error, 'Gateway'),
    );
    await starting;
  } catch (error) {
    process.stderr.write(`tigateway did not start: ${startFailure(error)}\n`);
    process.exit(1);
  }
}
