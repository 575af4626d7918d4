/*
 * What `import … from 'tigateway/extension'` gives to predicates and filters from outside. A name that stands here is kept from
 * release to release. `npm run build:types` makes its declarations, in one file that needs no other.
 */
export {
  AnyJson,
  Choice,
  Clock,
  Decimal,
  DurationMs,
  Flag,
  HttpStatus,
  InstantMs,
  Int,
  type Json,
  ListOf,
  MapOf,
  Nested,
  SizeBytes,
  Text,
} from '@tigateway/model';
export {
  type CompileContext,
  ComponentError,
  type Exchange,
  ExchangeError,
  type FilterFactory,
  filterText,
  type GatewayFilter,
  type GatewayRequest,
  HeaderList,
  HeaderTemplate,
  JavaRegex,
  type MatchCapture,
  PathPattern,
  type PredicateFactory,
  type RoutePredicate,
  type Shortcut,
} from '@tigateway/routing';
