import { Injectable, Logger } from '@nestjs/common';
import type { RequestFacts } from '@tigateway/proxy';
import type { AccessLogSettings } from '@tigateway/routing';

/** One log line per request, where the global configuration `access-log` asks for it. */
@Injectable()
export class AccessLog {
  private readonly logger = new Logger('Access');

  write(facts: RequestFacts, { headers, query }: AccessLogSettings): void {
    const { method, path, target, host, status, outcome, routeId, responseBytes, remoteAddress } = facts;
    this.logger.log({
      method,
      path: query ? target : path,
      host,
      status,
      outcome,
      routeId,
      durationMs: Math.round(facts.durationMs * 1_000) / 1_000,
      responseBytes,
      remoteAddress,
      ...(headers.length > 0 && { headers: Object.fromEntries(headers.map((name) => [name, facts.header(name)])) }),
    });
  }
}
