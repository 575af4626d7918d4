import { Flag, type Json, ListOf, Text } from '@tigateway/model';

/** A route for every service that is known: Spring's `discovery.locator`. */
export class DiscoveryLocatorSettings {
  @Flag()
  enabled = false;

  @Text({ about: 'Before the service’s name in the route’s id.' })
  routeIdPrefix = 'ServiceInstances_';

  @Text({ about: 'Which services have a route.' })
  includeExpression = 'true';

  @Text({ about: 'The uri of a service’s route.' })
  urlExpression = "'lb://'+serviceId";

  @Flag({ about: 'The name is written in lower case in predicates, filters and ids.' })
  lowerCaseServiceId = false;

  @ListOf({ kind: 'json' }, { splitsCommas: false, about: 'Each argument is an expression.' })
  predicates: Json[] = [{ name: 'Path', args: { pattern: "'/'+serviceId+'/**'" } }];

  @ListOf({ kind: 'json' }, { splitsCommas: false, about: 'Each argument is an expression.' })
  filters: Json[] = [
    {
      name: 'RewritePath',
      args: { regexp: "'/' + serviceId + '/?(?<remaining>.*)'", replacement: "'/${remaining}'" },
    },
  ];
}
