import { OPENAPI_DOCUMENT } from './openapi-document.js';

const PATHS = Object.entries(OPENAPI_DOCUMENT.paths).map(([template, item]) => ({
  pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
  methods: Object.keys(item).map((method) => method.toUpperCase()),
}));

/** The methods that a path takes by the API's description; none for a path that it does not have. */
export function allowedMethods(path: string): readonly string[] {
  const methods = new Set(PATHS.filter(({ pattern }) => pattern.test(path)).flatMap((each) => each.methods));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}
