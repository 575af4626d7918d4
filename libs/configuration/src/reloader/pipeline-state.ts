import type { Change, ConfigurationVersion, RecordedEvent } from '@tigateway/model';
import { Map, OrderedMap } from 'immutable';
import type { ForeignCommit, StoreCommit, StoredApiObject, StoredHold } from '../history/configuration-store.js';
import { type DesiredState, EMPTY_DESIRED_STATE } from '../merger/desired-state.js';
import { NOTHING_RUNS, type RunningState } from '../planner/running-state.js';
import type { ChangeWatch } from './judge/change-watch.js';
import type { Pending, PendingChanges } from './pending.js';
import type { Undo } from './undo.js';

/** All that the pipeline knows, at one moment. Immutable: a change that fails leaves the one before. */
export interface PipelineState {
  readonly desired: DesiredState;
  readonly running: RunningState;
  /** By key text. */
  readonly holds: Map<string, StoredHold>;
  /** What the API has made, by key text. */
  readonly api: Map<string, StoredApiObject>;
  /** Accepted and not in force yet. */
  readonly pending: PendingChanges;
  /** By update: what others have put in force and this process is to keep back for the time being. */
  readonly heldBack: Map<string, HeldUpdate>;
  /** `createdSequence` of the newest API configuration. */
  readonly apiSequence: number;
  /** Of the newest recorded event. */
  readonly eventSequence: number;
}

/** Of an update that goes from process to process: what comes into force here when it is released. */
export interface HeldUpdate {
  readonly commit: Pick<StoreCommit, 'versions' | 'putCurrent' | 'removeCurrent'>;
  readonly judged: readonly Undo[];
}

export const EMPTY_PIPELINE: PipelineState = {
  desired: EMPTY_DESIRED_STATE,
  running: NOTHING_RUNS,
  holds: Map(),
  api: Map(),
  pending: OrderedMap<string, Pending>(),
  heldBack: Map(),
  apiSequence: 0,
  eventSequence: 0,
};

/** A change that is thought through to its end and waits for compile, commit and swap. */
export interface Staged<Result = unknown> {
  /** What holds once it is applied. */
  readonly state: PipelineState;
  /** What it changes in what runs; relocations too. */
  readonly changes: readonly Change[];
  readonly versions: readonly ConfigurationVersion[];
  readonly events: readonly RecordedEvent[];
  readonly commit: StoreCommit;
  /** What the caller is told once it is applied. */
  readonly result: Result;
  /** Set where the change is to be judged by what traffic makes of it. */
  readonly undo?: Undo;
  /** Set where others have committed it already: its place among all commits. */
  readonly foreign?: Omit<ForeignCommit, 'commit'>;
  /** Of a foreign change: all that is to be judged, each by itself. */
  readonly undos?: readonly Undo[];
  /** Set where it is judged together with changes before it: the watch that goes on. */
  readonly watch?: ChangeWatch;
}
