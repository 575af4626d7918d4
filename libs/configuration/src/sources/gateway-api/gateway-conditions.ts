import type { Condition } from '@tigateway/kubernetes';
import {
  type Gateway,
  GATEWAY_API,
  type GatewayAddress,
  type GatewayClass,
  type Listener,
  type ListenerStatus,
} from './gateway-api-types.js';
import { conditionOf } from './http-route-routes.js';
import { allowsHttpRoutes, HTTP_ROUTE, listenerProblem, type ServedProtocol } from './route-parents.js';

/** A status without the times of its conditions. */
export interface PlainGatewayStatus {
  readonly addresses: readonly GatewayAddress[];
  readonly conditions: readonly Condition[];
  readonly listeners: readonly PlainListenerStatus[];
}

export type PlainListenerStatus = Omit<ListenerStatus, 'conditions'> & { readonly conditions: readonly Condition[] };

export function gatewayClassConditions({ metadata: { generation = 0 } }: GatewayClass): readonly Condition[] {
  return [conditionOf('Accepted', undefined, 'Accepted', 'Gateways of this class are served', generation)];
}

/** @param attachedTo how many routes hang on the listener of that name */
export function gatewayStatus(
  { metadata: { generation = 0 }, spec: { listeners } }: Gateway,
  served: ServedProtocol,
  addresses: readonly string[],
  attachedTo: (listener: string) => number,
): PlainGatewayStatus {
  const refused = listeners.filter((listener) => listenerProblem(listener, served) !== undefined);
  const names = refused.map(({ name }) => name).join(', ');
  const isServed = refused.length < listeners.length;
  const none = { reason: 'ListenersNotValid', message: `no listener can be served: see ${names}` };
  const some = refused.length === 0 ? 'Accepted' : 'ListenersNotValid';
  const message = refused.length === 0 ? 'every listener is served' : `not served: ${names}`;
  return {
    addresses: addresses.map((value) => ({
      type: /^[\d.]+$/.test(value) || value.includes(':') ? 'IPAddress' : 'Hostname',
      value,
    })),
    conditions: [
      conditionOf('Accepted', isServed ? undefined : none, some, message, generation),
      conditionOf(
        'Programmed',
        isServed ? undefined : { ...none, reason: 'Invalid' },
        'Programmed',
        message,
        generation,
      ),
    ],
    listeners: listeners.map((listener) => listenerStatus(listener, served, generation, attachedTo(listener.name))),
  };
}

function listenerStatus(
  listener: Listener,
  served: ServedProtocol,
  generation: number,
  attachedRoutes: number,
): PlainListenerStatus {
  const problem = listenerProblem(listener, served);
  const kinds = listener.allowedRoutes?.kinds ?? [];
  const others = kinds.filter(({ group = GATEWAY_API, kind }) => group !== GATEWAY_API || kind !== HTTP_ROUTE);
  const unknown = others.length > 0 && {
    reason: 'InvalidRouteKinds',
    message: `no such routes here: ${others.map(({ group = GATEWAY_API, kind }) => `${group}/${kind}`).join(', ')}`,
  };
  return {
    name: listener.name,
    supportedKinds: allowsHttpRoutes(listener) ? [{ group: GATEWAY_API, kind: HTTP_ROUTE }] : [],
    attachedRoutes,
    conditions: [
      conditionOf('Accepted', problem, 'Accepted', 'the listener is served', generation),
      conditionOf(
        'Programmed',
        problem && { ...problem, reason: 'Invalid' },
        'Programmed',
        'the listener is served',
        generation,
      ),
      conditionOf('ResolvedRefs', unknown || undefined, 'ResolvedRefs', 'every reference is known', generation),
    ],
  };
}
