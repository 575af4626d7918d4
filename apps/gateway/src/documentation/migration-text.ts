import {
  type Difference,
  FILTER_DIFFERENCES,
  GENERAL_DIFFERENCES,
  KEY_DIFFERENCES,
  NO_ROUTE_ID,
  PREDICATE_DIFFERENCES,
  ROUTE_CORS,
  SPRING_FILTER_KEYS,
  SPRING_KEYS,
} from '@tigateway/configuration';
import { kebabName } from '@tigateway/model';
import { UNSUPPORTED_FILTERS, UNSUPPORTED_PREDICATES, UNSUPPORTED_SCHEMES } from '@tigateway/routing';

const BEGIN = '<!-- Written by `npm run docs` from what the gateway goes by. Do not edit up to the end mark. -->\n';
const END = '<!-- end -->\n';

/** The page with its tables as they are true now; what people wrote around them stays. */
export function migrationText(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the page has no marks around its tables');
  return `${page.slice(0, begin)}${BEGIN}${tables()}${page.slice(end)}`;
}

function tables(): string {
  const components = (kind: string, differences: Readonly<Record<string, readonly Difference[]>>): string[] =>
    Object.entries(differences).flatMap(([name, list]) => list.map((each) => row(`${kind} \`${name}\``, each)));
  const differs = [
    ...Object.entries(GENERAL_DIFFERENCES).map(([subject, difference]) => row(subject, difference)),
    row('a route', NO_ROUTE_ID),
    row('a route', ROUTE_CORS),
    ...components('predicate', PREDICATE_DIFFERENCES),
    ...components('filter', FILTER_DIFFERENCES),
    ...Object.entries(KEY_DIFFERENCES).map(([key, difference]) => row(`\`${key}\``, difference)),
  ];
  const refused = { ...UNSUPPORTED_PREDICATES, ...UNSUPPORTED_FILTERS, ...UNSUPPORTED_SCHEMES };
  return `
### Keys

| below \`spring.cloud.gateway\` | here |
| --- | --- |
| \`routes\` | routes |
${keys().join('\n')}
| \`filter.<name>.enabled\`, \`predicate.<name>.enabled\` | \`false\`: unknown to the routes of this document; \`tigateway.disabled\` of the bootstrap file is for all |

### What differs

| of | difference |
| --- | --- |
${differs.join('\n')}

### What is refused

| name | because |
| --- | --- |
${Object.entries(refused)
  .map(([name, because]) => `| \`${name}\` | ${because} |`)
  .join('\n')}

`;
}

function row(subject: string, { when, message }: Difference): string {
  return `| ${subject}${when === undefined ? '' : `, ${when}`} | ${message} |`;
}

/** Keys are kept without their dashes; the name that people write is Spring's own. */
const WRITTEN: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'defaultFilters',
    'xForwarded',
    'trustedProxies',
    'setStatus',
    'redisRateLimiter',
    'jsonToGrpc',
    'routeFilterCacheEnabled',
    'streamingMediaTypes',
    'routeRefreshListener',
    'handlerMapping',
    'restrictivePropertyAccessor',
    'failOnRouteDefinitionError',
    'redisRouteDefinitionRepository',
  ].map((name) => [name.toLowerCase(), kebabName(name)]),
);

function keys(): string[] {
  const own = [...SPRING_KEYS].map(([relaxed, fate]) => {
    const key = WRITTEN[relaxed] ?? relaxed;
    switch (fate.becomes) {
      case 'global':
        return `| \`${key}\` | the global configuration \`${fate.configId}\` |`;
      case 'nothing':
        return `| \`${key}\` | ${fate.code === 'needless-property' ? 'not needed' : 'no effect'}: ${fate.because} |`;
      case 'refusal': {
        const written = [key, ...fate.flag].join('.');
        const what = fate.code === 'unsupported' ? 'refused' : 'no effect';
        return `| \`${written}: ${!fate.unless}\` | ${what}: ${fate.because} |`;
      }
    }
  });
  const filters = [...SPRING_FILTER_KEYS.values()].map(
    (name) => `| \`filter.${name}\` | the global configuration \`${name}\` |`,
  );
  return [...own, ...filters];
}
