import type { GatewayRequest } from '../exchange/exchange.js';
import { ParsedRequest } from '../exchange/parsed-request.js';
import { ApiVersionSource } from './api-version.js';

/** Spring's `apiversion.use`: where a request names its version. Those that are set are asked in this order. */
export interface ApiVersionSettings {
  readonly header?: string | undefined;
  readonly queryParameter?: string | undefined;
  /** Index of a segment of the path; 0 is the first. */
  readonly pathSegment?: number | undefined;
  /** The parameter by media type: `application/json` names `version` in `Accept: application/json;version=1.2`. */
  readonly mediaTypeParameter?: Readonly<Record<string, string>>;
  /** Of a request that names none. */
  readonly defaultVersion?: string | undefined;
}

type Place = (request: GatewayRequest) => string | undefined;

/** Looks where the operator said. */
export class ConfiguredApiVersion extends ApiVersionSource {
  private readonly places: readonly Place[];

  constructor(private readonly settings: ApiVersionSettings) {
    super();
    const { header, queryParameter, pathSegment, mediaTypeParameter = {} } = settings;
    const parameters = new Map(Object.entries(mediaTypeParameter).map(([type, name]) => [type.toLowerCase(), name]));
    this.places = [
      header === undefined ? undefined : (request: GatewayRequest) => request.headers.get(header),
      queryParameter === undefined
        ? undefined
        : (request: GatewayRequest) => ParsedRequest.of(request).parameter(queryParameter)[0],
      pathSegment === undefined ? undefined : (request: GatewayRequest) => request.path.split('/')[pathSegment + 1],
      parameters.size === 0 ? undefined : (request: GatewayRequest) => ofMediaType(request, parameters),
    ].filter((place) => place !== undefined);
  }

  override versionOf(request: GatewayRequest): string | undefined {
    for (const place of this.places) {
      const version = place(request)?.trim();
      if (version) return version;
    }
    return this.settings.defaultVersion;
  }
}

/** What the client accepts counts before what it sends. */
function ofMediaType({ headers }: GatewayRequest, parameters: ReadonlyMap<string, string>): string | undefined {
  const types = [...headers.getAll('accept'), ...headers.getAll('content-type')].flatMap((line) => line.split(','));
  for (const text of types) {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const wanted = parameters.get(type.toLowerCase());
    if (wanted === undefined) continue;
    for (const parameter of rest) {
      const [name = '', value = ''] = parameter.split('=');
      if (name.trim().toLowerCase() === wanted.toLowerCase()) return value.trim().replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
}
