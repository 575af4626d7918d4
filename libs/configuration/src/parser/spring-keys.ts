import type { Json } from '@tigateway/model';

/** What becomes of a key below Spring Cloud Gateway's root. */
export type SpringKeyFate =
  /** It is the global configuration of that id. */
  | { readonly becomes: 'global'; readonly configId: string }
  /** It changes nothing: either nothing needs to be done, or it is set elsewhere or not here at all. */
  | { readonly becomes: 'nothing'; readonly code: 'needless-property' | 'ignored-property'; readonly because: string }
  /** It is harmless with that value, and a mistake with another. `flag`: the steps to the value below the key. */
  | {
      readonly becomes: 'refusal';
      readonly flag: readonly string[];
      readonly unless: boolean;
      readonly code: 'unsupported' | 'ignored-property';
      readonly because: string;
    };

const global = (configId: string): SpringKeyFate => ({ becomes: 'global', configId });
const needless = (because: string): SpringKeyFate => ({ becomes: 'nothing', code: 'needless-property', because });
const ignored = (because: string): SpringKeyFate => ({ becomes: 'nothing', code: 'ignored-property', because });

/** By the key's relaxed name. `routes`, `filter`, `predicate` and `global-filter` are read apart. */
export const SPRING_KEYS: ReadonlyMap<string, SpringKeyFate> = new Map<string, SpringKeyFate>([
  ['defaultfilters', global('default-filters')],
  ['globalcors', global('cors')],
  ['httpclient', global('httpclient')],
  ['metrics', global('metrics')],
  ['xforwarded', global('x-forwarded')],
  ['forwarded', global('forwarded')],
  ['trustedproxies', global('trusted-proxies')],
  ['setstatus', global('set-status')],
  ['loadbalancer', global('loadbalancer')],
  ['redisratelimiter', global('redis-rate-limiter')],
  ['actuator', global('actuator')],
  ['routefiltercacheenabled', needless('the filter chain of a route is put together once, when the route comes in')],
  ['streamingmediatypes', needless('every response is passed on as it comes')],
  ['routerefreshlistener', needless('a change is applied when it happens')],
  ['handlermapping', needless('nothing but routes answers on the traffic port')],
  ['restrictivepropertyaccessor', needless('no expression is ever evaluated')],
  ['discovery', ignored('the bootstrap file has it: tigateway.discovery, with the same keys')],
  ['redis', ignored('the bootstrap file has it: tigateway.rate-limiter.backend and tigateway.redis')],
  ['jsontogrpc', ignored('the bootstrap file has it: tigateway.json-to-grpc')],
  ['observability', ignored('metrics are set below "metrics"')],
  ['function', ignored('there are no functions here, and a route with fn: is refused')],
  ['stream', ignored('there are no message brokers here, and a route with stream: is refused')],
  [
    'enabled',
    {
      becomes: 'refusal',
      flag: [],
      unless: true,
      code: 'unsupported',
      because: 'a document cannot switch the gateway off: leave the document out to have none of its routes',
    },
  ],
  [
    'failonroutedefinitionerror',
    {
      becomes: 'refusal',
      flag: [],
      unless: true,
      code: 'ignored-property',
      because:
        'a wrong route refuses its document; validation.on-invalid: object of the update policy refuses the route alone',
    },
  ],
  [
    'redisroutedefinitionrepository',
    {
      becomes: 'refusal',
      flag: ['enabled'],
      unless: false,
      code: 'unsupported',
      because: 'routes are not read from Redis: write them as documents or through the API',
    },
  ],
]);

/** What `filter.<name>` sets beside `enabled`, by relaxed name. */
export const SPRING_FILTER_KEYS: ReadonlyMap<string, string> = new Map([
  ['secureheaders', 'secure-headers'],
  ['removehopbyhop', 'remove-hop-by-hop'],
  ['requestratelimiter', 'request-rate-limiter'],
  ['localresponsecache', 'local-response-cache'],
]);

/** Of `predicate.host.include-port`, whatever it says. */
export const HOST_PORT = 'a pattern without a port matches any port, one with a port matches that one';

/** Spring's words for a flag. */
export function flagOf(value: Json): boolean | undefined {
  const text = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
  if (['true', 'on', 'yes', '1'].includes(text)) return true;
  return ['false', 'off', 'no', '0'].includes(text) ? false : undefined;
}
