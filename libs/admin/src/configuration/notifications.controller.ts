import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Int, Text } from '@tigateway/model';
import { type ChannelStatus, type DeadLetterSummary, Deliveries } from '@tigateway/notifications';
import { Max, Min } from 'class-validator';
import { QueryOf } from '../http/query.js';

class NotificationsQuery {
  /** Dead letters of this channel alone. */
  @Text({ optional: true }) channel?: string;
  @Int() @Min(1) @Max(5_000) limit = 100;
}

/** The channels that changes are told on, and what did not arrive. */
@Controller('api/configuration/notifications')
export class NotificationsController {
  constructor(@Inject(Deliveries) private readonly deliveries: Deliveries) {}

  /** Dead letters, newest first. */
  @Get()
  list(@QueryOf(NotificationsQuery) { channel, limit }: NotificationsQuery): {
    channels: ChannelStatus[];
    deadLetters: DeadLetterSummary[];
  } {
    const letters = this.deliveries.deadLetters();
    const wanted = channel === undefined ? letters : letters.filter((letter) => letter.channel === channel);
    return { channels: this.deliveries.status(), deadLetters: wanted.slice(0, limit) };
  }

  @Post(':id/redeliver')
  @HttpCode(202)
  redeliver(@Param('id') id: string): Promise<DeadLetterSummary> {
    return this.deliveries.redeliver(id);
  }
}
