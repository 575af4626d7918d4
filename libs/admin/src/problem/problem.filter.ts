import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
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
    const { status, headers, body } = problemAnswer(error, pathOf(request.url));
    if (status >= 500) this.logger.error(error);
    // An answer that has begun cannot become another one; the cut connection says that it is not complete.
    if (reply.sent) {
      reply.raw.destroy();
      return;
    }
    void reply.status(status).headers(headers).type(PROBLEM_MEDIA_TYPE).send(body);
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
