import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from '@tigateway/admin';
import {
  ConfigMapSource,
  ConfigMapSourceModule,
  CustomResourceSource,
  CustomResourceSourceModule,
  CustomResourceStatusModule,
  DiscoverySource,
  DiscoverySourceModule,
  FileSource,
  FileSourceModule,
  GatewayApiSource,
  GatewayApiSourceModule,
  HistoryModule,
  IngressSource,
  IngressSourceModule,
  ReloaderModule,
  ReplicasModule,
} from '@tigateway/configuration';
import { NOTIFICATION, NotificationsModule } from '@tigateway/notifications';
import { ObservabilityModule, StoreMetrics } from '@tigateway/observability';
import { ProxyModule, TRAFFIC_FILTERS, TrafficFiltersModule } from '@tigateway/proxy';
import { ApiVersionSource, ConfiguredApiVersion, RoutingModule } from '@tigateway/routing';
import type { Bootstrap } from './bootstrap/bootstrap-file.js';
import { ChangeModule } from './change/change.module.js';
import { KubernetesServiceInstances } from './discovery/kubernetes-service-instances.js';
import { KubernetesServicesModule, watchedNamespaces } from './discovery/kubernetes-services.module.js';
import { KnownServicesModule } from './discovery/proxied-services.js';
import { EventHistoryModule } from './events/event-history.module.js';
import type { Extensions } from './extensions/extensions.js';
import { FoundationModule } from './foundation.module.js';
import { DataPlaneHealth } from './health/data-plane.health.js';
import { NotificationsHealth } from './health/notifications.health.js';
import { ServicesHealth } from './health/services.health.js';
import { SourcesHealth } from './health/sources.health.js';
import { StoreHealth } from './health/store.health.js';
import { identityOf } from './bootstrap/kubernetes-settings.js';
import type { KubernetesConnection } from './kubernetes/kubernetes-connection.js';
import { KubernetesModule } from './kubernetes/kubernetes.module.js';
import { BreakerMetricsFeed } from './traffic/breaker-metrics-feed.js';
import { workerCount } from './bootstrap/worker-count.js';
import { dataPlaneOptions } from './traffic/data-plane-options.js';
import { TrafficModule } from './traffic/traffic.module.js';
import { apiVersionOf, trafficFiltersOptions } from './traffic/traffic-filters-options.js';
import { TrafficObserver } from './traffic/traffic-observer.js';
import { UpstreamMetricsFeed } from './traffic/upstream-metrics-feed.js';
import { workerSetup } from './workers/worker-setup.js';
import { WorkersModule } from './workers/workers.module.js';

/** The whole gateway, in the order of a change on its way to traffic. */
@Module({})
export class GatewayModule {
  /** @param kubernetes where a feature needs it */
  static forBootstrap(
    bootstrap: Bootstrap,
    extensions: Extensions,
    kubernetes: KubernetesConnection | undefined,
  ): DynamicModule {
    const { settings, folder } = bootstrap;
    const { dataDir, sources, updatePolicy } = settings.tigateway;
    const { paths, debounceMs, placeholders } = sources.file;
    const { namespaces, enabled: hasCustomResources } = sources.crd;
    const customResources = CustomResourceSourceModule.forRoot({
      namespaces,
      gateway: settings.tigateway.kubernetes.gateway,
    });
    const isShared = settings.tigateway.store === 'kubernetes';
    const { gateway, lease } = settings.tigateway.kubernetes;
    const identity = identityOf(settings.tigateway.kubernetes);
    const history = isShared
      ? HistoryModule.configMaps({ directory: dataDir, gateway, identity })
      : HistoryModule.embedded({ directory: dataDir });
    const notifications = NotificationsModule.register({
      imports: [EventHistoryModule.over(history)],
      deniedTargets: settings.tigateway.upstreams.deny,
    });
    const hasServices = watchedNamespaces(settings.tigateway).length > 0;
    const services = {
      ...(hasServices && { services: KubernetesServiceInstances }),
      imports: hasServices ? [KubernetesServicesModule.forRoot(settings.tigateway)] : [],
    };
    const workers = workerCount(settings.server.workers);
    const traffic =
      workers > 1
        ? WorkersModule.forRoot({ count: workers, setup: workerSetup(bootstrap, workers), ...services })
        : ProxyModule.forRoot({
            options: dataPlaneOptions(settings),
            observer: TrafficObserver,
            ...services,
            imports: [TrafficModule, ...services.imports],
          });
    const replicas = isShared
      ? ReplicasModule.cluster(history, {
          gateway,
          identity,
          durationMs: lease.durationMs,
          renewMs: lease.renewIntervalMs,
        })
      : ReplicasModule.sole();
    const { locator } = settings.tigateway.discovery;
    return {
      module: GatewayModule,
      imports: [
        FoundationModule.forSettings(settings),
        ...(kubernetes ? [KubernetesModule.over(kubernetes)] : []),
        TrafficFiltersModule.forRoot(trafficFiltersOptions(settings, folder)),
        RoutingModule.forRoot({
          predicates: extensions.predicates,
          filters: extensions.filters,
          made: [TRAFFIC_FILTERS],
          disabled: settings.tigateway.disabled,
          imports: extensions.imports,
          providers: [
            ...extensions.providers,
            { provide: ApiVersionSource, useValue: new ConfiguredApiVersion(apiVersionOf(settings)) },
          ],
        }),
        ReloaderModule.forRoot({
          precedence: sources.precedence,
          apiEnabled: sources.api.enabled,
          updatePolicy,
          globalSettings: [NOTIFICATION],
          imports: [
            history,
            ChangeModule,
            ...(sources.file.enabled
              ? [FileSourceModule.forRoot({ paths, baseFolder: folder, debounceMs, placeholders })]
              : []),
            ...(sources.configmap.enabled ? [ConfigMapSourceModule.forRoot(sources.configmap)] : []),
            ...(hasCustomResources ? [customResources] : []),
            ...(sources.gatewayApi.enabled
              ? [
                  GatewayApiSourceModule.forRoot({
                    ...sources.gatewayApi,
                    served: settings.server.tls ? 'HTTPS' : 'HTTP',
                  }),
                ]
              : []),
            ...(sources.ingress.enabled ? [IngressSourceModule.forRoot(sources.ingress)] : []),
            ...(locator.enabled
              ? [DiscoverySourceModule.forRoot({ settings: locator, imports: [KnownServicesModule.over(traffic)] })]
              : []),
          ],
          sources: [
            ...(sources.file.enabled ? [FileSource] : []),
            ...(sources.configmap.enabled ? [ConfigMapSource] : []),
            ...(hasCustomResources ? [CustomResourceSource] : []),
            ...(sources.gatewayApi.enabled ? [GatewayApiSource] : []),
            ...(sources.ingress.enabled ? [IngressSource] : []),
            ...(locator.enabled ? [DiscoverySource] : []),
          ],
        }),
        ...(hasCustomResources ? [CustomResourceStatusModule.register([customResources])] : []),
        traffic,
        notifications,
        ...(isShared ? [history] : []),
        AdminModule.register([ObservabilityModule, history, notifications, replicas, traffic]),
        ObservabilityModule,
      ],
      providers: [
        DataPlaneHealth,
        NotificationsHealth,
        SourcesHealth,
        ServicesHealth,
        BreakerMetricsFeed,
        UpstreamMetricsFeed,
        ...(isShared ? [StoreMetrics, StoreHealth] : []),
      ],
    };
  }
}
