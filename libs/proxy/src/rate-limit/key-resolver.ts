import { type Exchange, ParsedRequest } from '@tigateway/routing';

/** Whose bucket a request takes from; empty where it cannot be told. */
export type KeyResolver = (exchange: Exchange) => string;

/** Nobody logs in at the gateway, so that nobody is the principal. */
const principal: KeyResolver = () => '';
const remoteAddress: KeyResolver = ({ request }) => request.remoteAddress;

export const PRINCIPAL = 'principalNameKeyResolver';

const OWN: Readonly<Record<string, KeyResolver>> = {
  [PRINCIPAL]: principal,
  ipKeyResolver: remoteAddress,
  remoteAddrKeyResolver: remoteAddress,
  hostKeyResolver: ({ request }) => (request.headers.get('host') ?? '').toLowerCase(),
  pathKeyResolver: ({ request }) => request.path,
};

/** The gateway's own resolvers and the operator's. */
export class KeyResolvers {
  private readonly named: ReadonlyMap<string, KeyResolver>;

  /**
   * @param configured by name: `header:X-User-Id`, `cookie:session`, `query:key`, `principal` or `remote-addr`
   * @throws Error for anything else
   */
  constructor(configured: Readonly<Record<string, string>> = {}) {
    this.named = new Map([
      ...Object.entries(OWN),
      ...Object.entries(configured).map(([name, text]): [string, KeyResolver] => [name, resolverOf(name, text)]),
    ]);
  }

  /** @param reference `#{@name}` */
  find(reference: string): KeyResolver | undefined {
    const name = /^#\{\s*@([\w.-]+)\s*\}$/.exec(reference.trim())?.[1];
    return name === undefined ? undefined : this.named.get(name);
  }

  isPrincipal(resolver: KeyResolver): boolean {
    return resolver === principal;
  }

  get references(): readonly string[] {
    return [...this.named.keys()].map((name) => `#{@${name}}`);
  }
}

function resolverOf(name: string, text: string): KeyResolver {
  const [, kind = '', argument = ''] = /^([a-z-]+)(?::\s*(.+))?$/.exec(text.trim()) ?? [];
  if (argument === '') {
    if (kind === 'principal') return principal;
    if (kind === 'remote-addr') return remoteAddress;
  } else {
    if (kind === 'header') return ({ request }) => request.headers.get(argument) ?? '';
    if (kind === 'cookie') return ({ request }) => ParsedRequest.of(request).cookie(argument)[0] ?? '';
    if (kind === 'query') return ({ request }) => ParsedRequest.of(request).parameter(argument)[0] ?? '';
  }
  const expected = 'header:<name>, cookie:<name>, query:<name>, principal or remote-addr';
  throw new Error(`the key resolver "${name}" is "${text}"; expected ${expected}`);
}
