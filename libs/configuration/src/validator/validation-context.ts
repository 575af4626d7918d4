import type { ConfigurationKey } from '@tigateway/model';

/** The steps of a validation. The update policy switches them; what cannot be compiled cannot come into force in any case. */
export interface ValidationSteps {
  /** Ids, depth and keys. */
  readonly syntax: boolean;
  /** Known predicates, filters and properties; names and types of arguments. */
  readonly schema: boolean;
  /** What values mean: URIs, patterns, times, units. */
  readonly semantics: boolean;
  /** What a definition names exists. */
  readonly dependencies: boolean;
}

export const ALL_STEPS: ValidationSteps = { syntax: true, schema: true, semantics: true, dependencies: true };

/** What is there beside the objects that are validated: the desired state as it will be without them. */
export interface Surroundings {
  exists(key: ConfigurationKey): boolean;
  /** Whether a route might take a request for that path; absent: not known, so nothing is said of `forward:` targets. */
  mayServe?(path: string): boolean;
}

export interface ValidationContext {
  readonly steps: ValidationSteps;
  readonly surroundings: Surroundings;
  /**
   * What a filter that names a route which does not exist is. An error where somebody waits for the answer (the API); a
   * warning for watched sources, whose documents may arrive in any order and must give the same state in every one.
   */
  readonly missingDependency: 'error' | 'warning';
  /** The text that the objects were read from: gives problems their exact line and column. */
  readonly text?: string;
}
