import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JSON_MEDIA_TYPE, MAX_BODY_BYTES, type TextBody, textOf, YAML_MEDIA_TYPE } from './http/text-body.js';
import { FORBIDDEN, HttpProblem, UNAUTHORIZED } from './problem/http-problem.js';
import { ProblemFilter } from './problem/problem.filter.js';
import { type AccessRequest, ManagementAccess, type ManagementAccessOptions } from './security/management-access.js';
import { ManagementWebSocketAdapter } from './security/management-websocket.adapter.js';

/**
 * What probes and scrapers may ask without a token and by any name: they cannot be given either. Said by the router's own
 * choice, so that no spelling of a path passes for another.
 */
const OPEN_ROUTES: ReadonlySet<string> = new Set([
  '/actuator/health',
  '/actuator/health/:component',
  '/actuator/prometheus',
  '/actuator/info',
]);

/** Its answers have no end: whoever was let in is looked at again when the token changes. */
const ENDLESS_ROUTE = '/api/configuration/events';

/**
 * Everything that the admin server has besides its controllers: who may call, how bodies are read, how errors are answered,
 * how WebSockets are let in. Call it before `app.init()`; the application is made with `createAdminAdapter()` and
 * `{ bodyParser: false }`.
 * @returns who may call, where the token can be changed
 */
export function configureAdminApplication(
  app: NestFastifyApplication,
  options: ManagementAccessOptions,
): ManagementAccess {
  const access = new ManagementAccess(options);
  const server = app.getHttpAdapter().getInstance();

  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    const refusal = refusalOf(access, request);
    if (!refusal && request.routeOptions.url === ENDLESS_ROUTE) {
      const leave = access.admit(accessRequestOf(request), () => reply.raw.destroy());
      reply.raw.once('close', leave);
    }
    done(refusal);
  });

  server.removeAllContentTypeParsers();
  for (const [mediaType, format] of [
    [JSON_MEDIA_TYPE, 'json'],
    [YAML_MEDIA_TYPE, 'yaml'],
  ] as const) {
    server.addContentTypeParser(
      mediaType,
      { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
      ({ headers }: FastifyRequest, bytes: Buffer): Promise<TextBody> =>
        // Fastify takes the promise's rejection as the error.
        (async () => ({ format, text: textOf(bytes, headers['content-type'] ?? '', headers['content-encoding']) }))(),
    );
  }

  app.useGlobalFilters(new ProblemFilter());
  app.useWebSocketAdapter(new ManagementWebSocketAdapter(app, access));
  return access;
}

function accessRequestOf({ headers, socket }: FastifyRequest): AccessRequest {
  const { host, origin, authorization } = headers;
  return { host, origin, authorization, localAddress: socket.localAddress };
}

function refusalOf(access: ManagementAccess, request: FastifyRequest): HttpProblem | undefined {
  if (OPEN_ROUTES.has(request.routeOptions.url ?? '')) return undefined;
  const refusal = access.refusal(accessRequestOf(request));
  if (!refusal) return undefined;
  if (refusal.status === 403) return new HttpProblem(FORBIDDEN, refusal.detail);
  return new HttpProblem(UNAUTHORIZED, refusal.detail, { headers: { 'www-authenticate': 'Bearer' } });
}
