import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureAdminApplication, createAdminAdapter, type ManagementAccess } from '@tigateway/admin';
import { ClusterReplicas, ConfigMapStore, ConfigurationPipeline } from '@tigateway/configuration';
import { Outbox } from '@tigateway/notifications';
import { Availability } from '@tigateway/observability';
import { TrafficPlane, TrafficWorkers } from '@tigateway/proxy';
import type { Bootstrap } from './bootstrap/bootstrap-file.js';
import { watchTokenFile } from './bootstrap/token-file.js';
import { workerCount } from './bootstrap/worker-count.js';
import { type DemoUpstream, startDemoUpstream } from './demo/demo-upstream.js';
import { KubernetesServiceInstances } from './discovery/kubernetes-service-instances.js';
import { watchedNamespaces } from './discovery/kubernetes-services.module.js';
import { extensionFiles, Extensions } from './extensions/extensions.js';
import { GatewayModule } from './gateway.module.js';
import { KubernetesConnection, usesKubernetes } from './kubernetes/kubernetes-connection.js';
import { restartOnSignal } from './lifecycle/signals.js';

/** How long a start waits until the others know of this process, in milliseconds: the API server may be away. */
const ANNOUNCE_MS = 2_000;

/** The running process: what starts in which order, and what stops in which. */
export class Gateway {
  private constructor(
    private readonly application: NestFastifyApplication,
    private readonly demoUpstream: DemoUpstream | undefined,
    private readonly stopWatching: (() => void) | undefined,
    private readonly kubernetes: KubernetesConnection | undefined,
    private readonly services: KubernetesServiceInstances | undefined,
    private readonly logger: LoggerService,
  ) {}

  /**
   * The admin server is first, so that probes are answered while configuration loads. Traffic is served on the last good state
   * before any source is asked; readiness waits for the sources that have none.
   * @throws StartupError, ConfigurationStoreError, KubernetesError, or the system's error where an address cannot be had
   */
  static async start(bootstrap: Bootstrap, logger: LoggerService): Promise<Gateway> {
    const { server, management, tigateway } = bootstrap.settings;
    const extensions = await Extensions.load(extensionFiles(bootstrap));
    const kubernetes = usesKubernetes(tigateway) ? await KubernetesConnection.open(tigateway, logger) : undefined;
    const module = GatewayModule.forBootstrap(bootstrap, extensions, kubernetes);
    const options = { logger, bodyParser: false, abortOnError: false };
    const application = await NestFactory.create<NestFastifyApplication>(module, createAdminAdapter(), options).catch(
      (error: unknown) => {
        throw extensions.explain(error);
      },
    );
    const pipeline = application.get(ConfigurationPipeline);
    // On a thread of its own, while this one makes the admin server.
    pipeline.open();
    const { address, auth, allowedHosts } = management;
    const access = configureAdminApplication(application, { address, token: auth.token, allowedHosts });
    const stopWatching =
      auth.tokenFile === undefined ? undefined : watchToken(auth.tokenFile, auth.token, access, logger);
    await application.listen(management.port, address);

    const { enabled, port } = tigateway.demoUpstream;
    const demoUpstream = enabled ? await startDemoUpstream(port) : undefined;
    kubernetes?.election.start();
    await pipeline.restore();
    const isShared = tigateway.store === 'kubernetes';
    // Before traffic comes here, so that a write that waits for all waits for this one too.
    const announced = isShared ? application.get(ClusterReplicas).start() : Promise.resolve();
    await startNotifications(application, isShared, logger);
    const services = watchedNamespaces(tigateway).length > 0 ? application.get(KubernetesServiceInstances) : undefined;
    await services?.start();
    const traffic = await application.get(TrafficPlane).start();
    if (workerCount(server.workers) > 1) restartOnSignal(process, () => application.get(TrafficWorkers).restart());
    if (pipeline.servesLastGoodState) {
      await settled(announced, ANNOUNCE_MS);
      application.get(Availability).accept();
    }
    await pipeline.start();
    await announced;
    application.get(Availability).accept();
    logger.log(`traffic on ${traffic.address}:${traffic.port}, admin on ${address}:${management.port}`, 'Gateway');
    return new Gateway(application, demoUpstream, stopWatching, kubernetes, services, logger);
  }

  /** Readiness goes down before anything else, so that no new traffic is sent here; the store is the last to close. */
  async stop(): Promise<void> {
    const traffic = this.application.get(TrafficPlane);
    this.application.get(Availability).refuse();
    this.logger.log(`stopping, ${traffic.inFlight} requests under way`, 'Gateway');
    await traffic.stop();
    await this.application.get(ConfigurationPipeline).stop();
    await this.services?.stop();
    await this.kubernetes?.election.stop();
    this.demoUpstream?.close();
    this.stopWatching?.();
    await this.application.close();
    await this.kubernetes?.client.close();
    this.logger.log('stopped', 'Gateway');
  }
}

/** Waits for it, and no longer than `limitMs`. */
async function settled(work: Promise<void>, limitMs: number): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work, delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
  limit.abort();
}

/** Of several replicas that see the same events, the one that leads sends them. */
async function startNotifications(
  application: NestFastifyApplication,
  isShared: boolean,
  logger: LoggerService,
): Promise<void> {
  const outbox = application.get(Outbox);
  if (!isShared) return outbox.start();
  let turn = Promise.resolve();
  application.get(ConfigMapStore).onLead((isLeading) => {
    turn = turn
      .then(() => (isLeading ? outbox.start() : outbox.stop()))
      .catch((error: unknown) => void logger.error(`notifications: ${(error as Error).message}`, 'Gateway'));
  });
}

function watchToken(file: string, token: string, access: ManagementAccess, logger: LoggerService): () => void {
  return watchTokenFile(file, token, {
    changed: (next) => {
      access.changeToken(next);
      logger.log('the token has changed; what the old one had opened is closed', 'Gateway');
    },
    failed: (reason) => void logger.warn(`the token stays as it was: its file cannot be used: ${reason}`, 'Gateway'),
  });
}
