import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Json } from '@tigateway/model';
import type { FastifyRequest } from 'fastify';
import { HttpProblem, MALFORMED_BODY, UNSUPPORTED_MEDIA_TYPE } from '../problem/http-problem.js';
import { JsonContentError, JsonSyntaxError, readJson } from './json-reader.js';
import type { TextBody } from './text-body.js';

/** The request's body as JSON. @throws HttpProblem 400 where it is none, 415 where it is something else */
export const JsonBody = createParamDecorator((_: unknown, context: ExecutionContext): Promise<Json> => {
  const body = context.switchToHttp().getRequest<FastifyRequest>().body as TextBody | undefined;
  if (body && body.format !== 'json') {
    throw new HttpProblem(UNSUPPORTED_MEDIA_TYPE, 'this call takes application/json');
  }
  if (!body?.text) throw new HttpProblem(MALFORMED_BODY, 'a JSON body is required');
  return jsonOf(body.text);
});

/** The request's body as it came; `undefined` where there is none. */
export const OptionalText = createParamDecorator((_: unknown, context: ExecutionContext): TextBody | undefined => {
  const body = context.switchToHttp().getRequest<FastifyRequest>().body as TextBody | undefined;
  return body?.text.trim() ? body : undefined;
});

async function jsonOf(text: string): Promise<Json> {
  try {
    return await readJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      const problem = { pointer: '', code: 'malformed-json', message: error.message };
      throw new HttpProblem(MALFORMED_BODY, `the body is no JSON: ${error.message}`, { errors: [problem] });
    }
    if (error instanceof JsonContentError) {
      const { pointer, code, message } = error;
      throw new HttpProblem(MALFORMED_BODY, `${pointer}: ${message}`, { errors: [{ pointer, code, message }] });
    }
    throw error;
  }
}
