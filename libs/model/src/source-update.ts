import type { ConfigType } from './configuration-key.js';
import type { Json } from './json.js';
import type { Position, Problem, SourceName } from './problem.js';

/** One configuration found in a document, as it was written there, before any check of its content. */
export interface ParsedObject {
  readonly configType: ConfigType;
  readonly configId: string;
  readonly configuration: Json;
  /** JSON Pointer from the document's root to this object. */
  readonly pointer: string;
  readonly position: Position;
  /**
   * True in documents that the operator owns (`update-policy`, `notification`): `${NAME}` stands unresolved in
   * `configuration` and is resolved only where it takes effect, so that no answer, version or event can show its value.
   */
  readonly deferredPlaceholders?: boolean;
}

/** A document is the unit of acceptance: all of it goes in, or none. */
export type SourceDocument =
  | {
      readonly kind: 'text';
      /** Unique within the source. Its order among the names decides between equal routes and double ids. */
      readonly name: string;
      readonly format: 'yaml' | 'json';
      readonly text: string;
      /**
       * Replace `${NAME}` and `${NAME:default}` from the environment and from the document's own keys; `deferred`: only those in
       * the operator's own settings, where they take effect.
       */
      readonly placeholders: boolean | 'deferred';
    }
  | {
      readonly kind: 'objects';
      readonly name: string;
      readonly objects: readonly ParsedObject[];
      /** What the source itself found wrong with it; with any, the document is refused. */
      readonly problems?: readonly Problem[];
    };

/** What a source has to say: documents that are new or changed, and names of those that are gone. */
export interface SourceUpdate {
  readonly source: SourceName;
  /** The source's own mark of this state (content hash, resourceVersion); shown in the status. */
  readonly revision: string;
  readonly documents: readonly SourceDocument[];
  readonly removed: readonly string[];
  /** True: `documents` is everything there is, and what it does not name is gone. */
  readonly complete: boolean;
}
