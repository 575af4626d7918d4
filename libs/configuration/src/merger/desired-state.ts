import type { Configured, ParsedObject, SourceName } from '@tigateway/model';
import { Map } from 'immutable';

/** A document whose content is in force. */
export interface AcceptedDocument {
  readonly source: SourceName;
  readonly name: string;
  /** Decides between documents of one source; the document's name, or for API configurations their order of creation. */
  readonly orderKey: string;
  readonly objects: readonly ParsedObject[];
}

/**
 * What all sources together ask for. Persistent: a merge shares everything that it did not touch, so an older state stays
 * whole for as long as someone holds it.
 */
export interface DesiredState {
  /** By `documentKey`. */
  readonly documents: Map<string, AcceptedDocument>;
  /** By `keyText`: every definition of the key, the one in force first. Never an empty array. */
  readonly candidates: Map<string, readonly Configured[]>;
}

export const EMPTY_DESIRED_STATE: DesiredState = { documents: Map(), candidates: Map() };

export function documentKey(source: SourceName, name: string): string {
  return `${source}\n${name}`;
}
