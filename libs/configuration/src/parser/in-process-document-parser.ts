import type { SourceDocument, SourceName } from '@tigateway/model';
import { ConfigurationParser, type TextDocument } from './configuration-parser.js';
import { DocumentParser } from './document-parser.js';
import type { ParsedDocument } from './parsed-document.js';
import type { Environment } from './placeholders.js';

/** Parses at once, here: for small documents, and for programs without a second thread. */
export class InProcessDocumentParser extends DocumentParser {
  private readonly parser = new ConfigurationParser();

  constructor(private readonly environment: Environment) {
    super();
  }

  parse(source: SourceName, document: SourceDocument): Promise<ParsedDocument> {
    return Promise.resolve(this.parser.parse(source, document, this.environment));
  }

  read(source: SourceName, document: TextDocument, environment: Environment): Promise<ParsedDocument> {
    return Promise.resolve(this.parser.read(source, document, environment));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
