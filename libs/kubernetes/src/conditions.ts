/** What a status says of one aspect of its object, as `metav1.Condition`; its time is added where it is written. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** Of the object, that this is about. */
  readonly observedGeneration: number;
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

export interface TimedCondition extends Condition {
  /** ISO 8601, in seconds: when `status` became what it is. */
  readonly lastTransitionTime: string;
}

/** Gives conditions their times: one whose status is as it was keeps its own. */
export function withTransitionTimes(
  conditions: readonly Condition[],
  before: readonly Partial<TimedCondition>[],
  nowMs: number,
): TimedCondition[] {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return conditions.map((condition) => {
    const older = before.find(({ type }) => type === condition.type);
    const isSame = older?.status === condition.status && older.lastTransitionTime !== undefined;
    return { ...condition, lastTransitionTime: isSame ? older.lastTransitionTime : now };
  });
}

/** Whether an object's conditions say all of this already, whatever else they say. */
export function sayAlready(conditions: readonly Condition[], before: readonly Partial<TimedCondition>[]): boolean {
  return conditions.every((condition) => {
    const older = before.find(({ type }) => type === condition.type);
    return (
      older?.status === condition.status &&
      older.observedGeneration === condition.observedGeneration &&
      older.reason === condition.reason &&
      older.message === condition.message
    );
  });
}
