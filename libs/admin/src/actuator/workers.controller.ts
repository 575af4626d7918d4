import { Controller, Get, HttpCode, Inject, Optional, Post } from '@nestjs/common';
import { TrafficWorkers } from '@tigateway/proxy';
import { HttpProblem, NOT_FOUND } from '../problem/http-problem.js';

interface ShownWorkers {
  readonly workers: readonly object[];
}

/** The processes that serve traffic; none where this one does. */
@Controller('actuator/workers')
export class WorkersController {
  constructor(@Optional() @Inject(TrafficWorkers) private readonly workers?: TrafficWorkers) {}

  @Get()
  all(): ShownWorkers {
    const all = this.workers?.all ?? [];
    return {
      workers: all.map(({ worker, pid, state, sinceMs, sequence, inFlight, openWebSockets }) => ({
        worker,
        pid,
        state,
        since: new Date(sinceMs).toISOString(),
        sequence,
        inFlight,
        openWebSockets,
      })),
    };
  }

  /** Answers at once: it takes as long as requests under way do. */
  @Post('restart')
  @HttpCode(202)
  restart(): ShownWorkers {
    if (!this.workers) throw new HttpProblem(NOT_FOUND, 'there are no workers to replace: server.workers is 1');
    this.workers.restart();
    return this.all();
  }
}
