import type { SourceDocument, SourceName } from '@tigateway/model';
import type { TextDocument } from './configuration-parser.js';
import type { ParsedDocument } from './parsed-document.js';
import type { Environment } from './placeholders.js';

/** Parses documents without holding the event loop, whatever their size. */
export abstract class DocumentParser {
  /** Settles with what the document says, its problems included; never rejects for its content. */
  abstract parse(source: SourceName, document: SourceDocument): Promise<ParsedDocument>;

  /** As `parse`, for whoever wants to know everything that is wrong (`ConfigurationParser.read`), in another environment. */
  abstract read(source: SourceName, document: TextDocument, environment: Environment): Promise<ParsedDocument>;

  abstract close(): Promise<void>;
}
