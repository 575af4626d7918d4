import type { SourceDocument, SourceName } from '@tigateway/model';
import type { ParsedDocument } from './parsed-document.js';

/** Parses documents without holding the event loop, whatever their size. */
export abstract class DocumentParser {
  /** Settles with what the document says, its problems included; never rejects for its content. */
  abstract parse(source: SourceName, document: SourceDocument): Promise<ParsedDocument>;

  abstract close(): Promise<void>;
}
