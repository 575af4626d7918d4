import { type Change, isJsonObject, type Json, keyText } from '@tigateway/model';
import { selectorOf } from './judge/affected-routes.js';

/** What goes in together whatever the size of a batch: configurations that only make sense with each other. */
type Group = readonly Change[];

/**
 * Cuts a change into batches of about `batchSize` items. The state after every batch is one that could have been meant: a filter
 * goes in with the routes that it names, what is for all routes before the routes that come, routes of a weight group together,
 * what others lead to before them, and what goes away last. A group that is larger than a batch is a batch of its own.
 */
export function batchesOf(changes: readonly Change[], batchSize: number): Change[][] {
  const batches: Change[][] = [];
  let batch: Change[] = [];
  for (const group of inOrder(groupsOf(changes))) {
    if (batch.length > 0 && batch.length + group.length > batchSize) {
      batches.push(batch);
      batch = [];
    }
    batch.push(...group);
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

function groupsOf(changes: readonly Change[]): Group[] {
  const leaderOf = new Map<Change, Change>();
  const find = (change: Change): Change => {
    let leader = change;
    for (let next = leaderOf.get(leader); next !== undefined; next = leaderOf.get(leader)) leader = next;
    return leader;
  };
  const join = (a: Change, b: Change): void => {
    if (find(a) !== find(b)) leaderOf.set(find(b), find(a));
  };
  const routes = changes.filter(({ configType }) => configType === 'route');
  const routeOf = new Map(routes.map((route) => [route.configId, route]));
  for (const change of changes) {
    if (change.configType !== 'filter') continue;
    for (const content of contentsOf(change)) {
      const selector = selectorOf(content);
      if (selector.namesAll) continue;
      const named = selector.hasPatterns
        ? routes.filter(({ configId }) => selector.names(configId))
        : selector.ids.flatMap((id) => routeOf.get(id) ?? []);
      for (const route of named) join(change, route);
    }
  }
  const weighted = new Map<string, Change>();
  for (const route of routes) {
    for (const group of contentsOf(route).flatMap(weightGroupsOf)) {
      const other = weighted.get(group);
      if (other) join(other, route);
      else weighted.set(group, route);
    }
  }
  const groups = new Map<Change, Change[]>();
  for (const change of changes) {
    const group = groups.get(find(change));
    if (group) group.push(change);
    else groups.set(find(change), [change]);
  }
  return [...groups.values()];
}

/** Stable: what is alike keeps its order. */
function inOrder(groups: readonly Group[]): Group[] {
  return groups
    .map((group) => ({ group, place: Math.max(...group.map(placeOf)) }))
    .sort((a, b) => a.place - b.place)
    .map(({ group }) => group);
}

function placeOf(change: Change): number {
  const isForAll =
    change.configType === 'global' || (change.configType === 'filter' && contentsOf(change).some(namesAll));
  if (change.op === 'delete') return isForAll ? 4 : 3;
  if (isForAll) return 0;
  return leadsElsewhere(change.next.configuration) ? 2 : 1;
}

/** What the change takes away and what it brings. */
function contentsOf(change: Change): Json[] {
  const next = change.op === 'upsert' ? change.next.configuration : undefined;
  return [change.previous?.configuration, next].filter((each) => each !== undefined);
}

function namesAll(filter: Json): boolean {
  return selectorOf(filter).namesAll;
}

function leadsElsewhere(configuration: Json): boolean {
  if (typeof configuration === 'string') return configuration.includes('forward:');
  if (typeof configuration !== 'object' || configuration === null) return false;
  return Object.values(configuration as Record<string, Json>).some(leadsElsewhere);
}

const WEIGHT = /^\s*Weight\s*=\s*([^,]+),/;

function weightGroupsOf(route: Json): string[] {
  const predicates = isJsonObject(route) ? route['predicates'] : undefined;
  if (!Array.isArray(predicates)) return [];
  return (predicates as readonly Json[]).flatMap((predicate) => {
    if (typeof predicate === 'string') return WEIGHT.exec(predicate)?.[1]?.trim() ?? [];
    if (!isJsonObject(predicate) || predicate['name'] !== 'Weight') return [];
    const args = predicate['args'];
    const group = isJsonObject(args) ? (args['group'] ?? args['weight.group'] ?? args['_genkey_0']) : undefined;
    return typeof group === 'string' ? group : [];
  });
}

/** The keys of a batch, as texts. */
export function textsOf(batch: readonly Change[]): string[] {
  return batch.map(keyText);
}
