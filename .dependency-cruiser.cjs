/** The arrows between the libs: each may import what stands in its list and nothing else of ours. */
const ARROWS = {
  model: [],
  kubernetes: [],
  routing: ['model'],
  notifications: ['model'],
  observability: ['model'],
  proxy: ['model', 'routing'],
  configuration: ['model', 'routing', 'kubernetes'],
  admin: ['model', 'routing', 'configuration', 'proxy', 'notifications', 'observability'],
};

const arrowRules = Object.entries(ARROWS).map(([lib, allowed]) => ({
  name: `${lib}-knows-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^libs/${lib}/` },
  to: { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...arrowRules,
    {
      name: 'libs-do-not-know-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|test)/', pathNot: '^test/builders/' },
    },
    {
      name: 'only-specs-use-test-code',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'libs-speak-through-their-index',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'apps-use-libs-through-their-index',
      severity: 'error',
      // Builders put the inside of a lib together for its own specs.
      from: { path: '^(apps|test)/', pathNot: '^test/builders/' },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/src/index\\.ts$' },
    },
    {
      // Two classes that inject each other die at run time with ES modules; tsc says nothing.
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependencies-in-production-code',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
