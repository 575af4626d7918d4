import type { ApiVersionSource } from './api-version.js';
import { AfterPredicateFactory } from './after.predicate.js';
import { BeforePredicateFactory } from './before.predicate.js';
import { BetweenPredicateFactory } from './between.predicate.js';
import { CookiePredicateFactory } from './cookie.predicate.js';
import { HeaderPredicateFactory } from './header.predicate.js';
import { HostPredicateFactory } from './host.predicate.js';
import { MethodPredicateFactory } from './method.predicate.js';
import { PathPredicateFactory } from './path.predicate.js';
import type { PredicateFactory } from './predicate-factory.js';
import { QueryPredicateFactory } from './query.predicate.js';
import { RemoteAddrPredicateFactory } from './remote-addr.predicate.js';
import { VersionPredicateFactory } from './version.predicate.js';
import { WeightPredicateFactory } from './weight.predicate.js';
import { XForwardedRemoteAddrPredicateFactory } from './x-forwarded-remote-addr.predicate.js';

/** The gateway's own predicates. A new one is its file and its line here. */
export const PREDICATES: readonly (new (apiVersion?: ApiVersionSource) => PredicateFactory)[] = [
  AfterPredicateFactory,
  BeforePredicateFactory,
  BetweenPredicateFactory,
  CookiePredicateFactory,
  HeaderPredicateFactory,
  HostPredicateFactory,
  MethodPredicateFactory,
  PathPredicateFactory,
  QueryPredicateFactory,
  RemoteAddrPredicateFactory,
  VersionPredicateFactory,
  WeightPredicateFactory,
  XForwardedRemoteAddrPredicateFactory,
];
