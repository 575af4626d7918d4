import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { allowedMethods } from '../openapi/allowed-methods.js';
import { HttpProblem, METHOD_NOT_ALLOWED } from './http-problem.js';
import { problemAnswer } from './problem-details.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Answers every error of the admin server, the frame's own included, as problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('AdminApi');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  send(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.url);
    const { status, headers, body } = problemAnswer(wrongMethod(error, path) ?? error, path);
    if (status >= 500) this.logger.error(error);
    // An answer that has begun cannot become another one; the cut connection says that it is not complete.
    if (reply.sent) {
      reply.raw.destroy();
      return;
    }
    void reply.status(status).headers(headers).type(PROBLEM_MEDIA_TYPE).send(body);
  }
}

/** The router knows of a path only that it has no such method there: 404. To a client that is another thing. */
function wrongMethod(error: unknown, path: string): HttpProblem | undefined {
  const allowed = error instanceof NotFoundException ? allowedMethods(path) : [];
  if (allowed.length === 0) return undefined;
  const allow = allowed.join(', ');
  return new HttpProblem(METHOD_NOT_ALLOWED, `${path} takes ${allow}`, { headers: { allow } });
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
