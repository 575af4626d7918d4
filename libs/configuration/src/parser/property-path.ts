import { relaxedName } from '@tigateway/model';

/** One step of a property name: a number stands for an index in brackets. */
export type PropertyStep = string | number;

/** The steps of a key as Spring reads it: `cloud.gateway.routes[0].id`, `cors-configurations.[/**].allowed-origins`. */
export function propertyPath(key: string): readonly PropertyStep[] {
  if (!/[.[]/.test(key)) return [key];
  const steps: PropertyStep[] = [];
  for (const [, bracketed, plain] of key.matchAll(/\[([^\]]*)\]|([^.[]+)/g)) {
    if (bracketed === undefined) steps.push(plain as string);
    else steps.push(/^\d{1,6}$/.test(bracketed) ? Number(bracketed) : bracketed);
  }
  return steps;
}

/** Whether two steps name the same property by Spring's relaxed rules. */
export function isSameStep(a: PropertyStep, b: PropertyStep): boolean {
  return a === b || relaxedName(String(a)) === relaxedName(String(b));
}

/**
 * How far a key leads along `steps`: 0 where it leads elsewhere, more than there are steps where it goes on beyond them
 * (`routes[0].id` and the steps `routes`).
 */
export function stepsAlong(key: string, steps: readonly PropertyStep[]): number {
  if (key === String(steps[0])) return 1;
  const path = propertyPath(key);
  const shared = Math.min(path.length, steps.length);
  for (let index = 0; index < shared; index++) {
    if (!isSameStep(path[index] as PropertyStep, steps[index] as PropertyStep)) return 0;
  }
  return path.length;
}
