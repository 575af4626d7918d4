import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { Choice, CONFIG_TYPES, type ConfigType, Text } from '@tigateway/model';
import { EventStream } from '@tigateway/notifications';
import type { FastifyReply } from 'fastify';
import { QueryOf } from '../http/query.js';
import { HttpProblem, MALFORMED_REQUEST } from '../problem/http-problem.js';

class EventsQuery {
  @Choice([...CONFIG_TYPES, '*']) configType: ConfigType | '*' = '*';
  @Text() configId = '*';
}

/** What changes, as server-sent events. */
@Controller('api/configuration/events')
export class EventsController {
  constructor(@Inject(EventStream) private readonly events: EventStream) {}

  @Get()
  open(
    @Headers('last-event-id') lastEventId: string | undefined,
    @QueryOf(EventsQuery) { configType, configId }: EventsQuery,
    @Res() reply: FastifyReply,
  ): void {
    const since = lastEventId ? sequenceOf(lastEventId) : undefined;
    reply.hijack();
    this.events.open(reply.raw, since, { configType, configId });
  }
}

function sequenceOf(text: string): number {
  const sequence = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(sequence)) return sequence;
  throw new HttpProblem(MALFORMED_REQUEST, 'Last-Event-ID is the sequence of an event');
}
