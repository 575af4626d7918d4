import type { ConfigType, Json } from '@tigateway/model';
import type { DisabledComponent } from './disabled-components.js';
import type { Offsets } from './document-tree.js';

/** A configuration as a layout finds it: what it is and where, before ids are checked and placeholders replaced. */
export interface Found {
  readonly configType: ConfigType;
  /** Given by the key that the configuration stands under; else it is the configuration's own `id`. */
  readonly configId?: string;
  readonly configuration: Json;
  readonly pointer: string;
  readonly offset: number | undefined;
}

/** A remark of a layout. Without an offset its place is found by the pointer. */
export interface Remark {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly offset?: number | undefined;
}

/** What the layouts gather from one YAML or JSON document. */
export interface Findings {
  readonly offsets: Offsets;
  readonly found: Found[];
  readonly problems: Remark[];
  readonly warnings: Remark[];
  /** Keys that are not the gateway's, as a person would write them: `server`, `spring.application`. */
  readonly foreign: { readonly name: string; readonly pointer: string }[];
  /** What the document switches off. */
  readonly disabled: DisabledComponent[];
  /** Replaces placeholders, where the document's are replaced. */
  resolve(value: Json): Json;
}
