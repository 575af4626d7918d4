import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '@tigateway/model';
import { ConfigurationParser } from './configuration-parser.js';
import { DocumentParser } from './document-parser.js';
import { InProcessDocumentParser } from './in-process-document-parser.js';
import { ENVIRONMENT, type Environment } from './placeholders.js';
import { WorkerDocumentParser } from './worker-document-parser.js';

const WORKER_SCRIPT = new URL('./parser.worker.js', import.meta.url);

/** Expects a global provider of `Clock`. */
@Module({
  providers: [
    ConfigurationParser,
    { provide: ENVIRONMENT, useValue: { ...process.env } },
    {
      provide: DocumentParser,
      inject: [Clock, ENVIRONMENT],
      // The thread runs JavaScript only: where the sources run as they are (tests), documents are parsed in process.
      useFactory: (clock: Clock, environment: Environment): DocumentParser =>
        existsSync(fileURLToPath(WORKER_SCRIPT))
          ? new WorkerDocumentParser(WORKER_SCRIPT, environment, clock)
          : new InProcessDocumentParser(environment),
    },
  ],
  exports: [ConfigurationParser, DocumentParser, ENVIRONMENT],
})
export class ParserModule implements OnApplicationShutdown {
  constructor(private readonly parser: DocumentParser) {}

  onApplicationShutdown(): Promise<void> {
    return this.parser.close();
  }
}
