import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { AppInfo, Freshness, HealthIndicators, type HealthReport } from '@tigateway/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem, NOT_FOUND } from '../problem/http-problem.js';
import { ACTUATOR_LINKS } from './links.js';

const HEALTH_GROUPS = ['liveness', 'readiness'] as const;

interface Link {
  readonly href: string;
  readonly templated: boolean;
}

/** What the process says of itself, in the shapes of Spring Boot's actuator. */
@Controller('actuator')
export class ActuatorController {
  constructor(
    @Inject(HealthIndicators) private readonly indicators: HealthIndicators,
    @Inject(AppInfo) private readonly app: AppInfo,
    @Inject(Freshness) private readonly freshness: Freshness,
  ) {}

  @Get()
  links(@Req() request: FastifyRequest): { _links: Record<string, Link> } {
    const origin = `${request.protocol}://${request.host}`;
    const links = Object.entries(ACTUATOR_LINKS).map(([name, path]) => [
      name,
      { href: origin + path, templated: path.includes('{') },
    ]);
    return { _links: Object.fromEntries(links) as Record<string, Link> };
  }

  @Get('health')
  async health(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthReport & { readonly groups: readonly string[] }> {
    await this.freshness.refresh();
    return { ...answerHealth(reply, this.indicators.report()), groups: HEALTH_GROUPS };
  }

  /** A group, which a probe asks for and gets at once, or one component by its name. */
  @Get('health/:component')
  async healthOf(
    @Param('component') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string }> {
    const group = HEALTH_GROUPS.find((each) => each === name);
    if (group) return answerHealth(reply, this.indicators.report(group));
    await this.freshness.refresh();
    const { components } = this.indicators.report();
    const component = Object.hasOwn(components, name) ? components[name] : undefined;
    if (!component) throw new HttpProblem(NOT_FOUND, `no component is named "${name}"`);
    return answerHealth(reply, component);
  }

  @Get('info')
  info(): object {
    const { build, runtime } = this.app;
    // Whoever may not call the rest sees this too: the process id is none of their business.
    const { node, platform, arch, startedAt } = runtime;
    return { build, runtime: { node, platform, arch, startedAt } };
  }
}

/** A probe reads the status line alone. */
function answerHealth<Health extends { readonly status: string }>(reply: FastifyReply, health: Health): Health {
  reply.status(health.status === 'UP' ? 200 : 503);
  return health;
}
