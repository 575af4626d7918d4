import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemFilter } from '../problem/problem.filter.js';
import { MAX_BODY_BYTES } from './text-body.js';

/** An id of 253 characters, each of them percent-encoded as up to four bytes. */
const MAX_PARAM_LENGTH = 253 * 12;

/** No route has a schema, and Fastify loads its compilers of schemas, a twentieth of a start, unless there are others. */
const NO_SCHEMAS = { buildValidator: refuseSchema, buildSerializer: refuseSchema };

/** The admin server's engine; pass it to `NestFactory.create` with `{ bodyParser: false }`. */
export function createAdminAdapter(): FastifyAdapter {
  const problems = new ProblemFilter();
  return new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    schemaController: { compilersFactory: NO_SCHEMAS },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // The router's own refusals (a malformed escape, a path parameter without end) meet no filter.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      problems.send(error, request, reply),
  });
}

function refuseSchema(): never {
  throw new Error('a route of the admin server has a schema, which nothing here compiles');
}
