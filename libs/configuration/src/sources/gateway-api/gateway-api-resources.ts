import type { ResourceType } from '@tigateway/kubernetes';
import { GATEWAY_API } from './gateway-api-types.js';

export const GATEWAY_CLASSES: ResourceType = {
  group: GATEWAY_API,
  version: 'v1',
  plural: 'gatewayclasses',
  kind: 'GatewayClass',
};
export const GATEWAYS: ResourceType = { group: GATEWAY_API, version: 'v1', plural: 'gateways', kind: 'Gateway' };
export const HTTP_ROUTES: ResourceType = { group: GATEWAY_API, version: 'v1', plural: 'httproutes', kind: 'HTTPRoute' };
/** Has no v1 in release 1.4. */
export const REFERENCE_GRANTS: ResourceType = {
  group: GATEWAY_API,
  version: 'v1beta1',
  plural: 'referencegrants',
  kind: 'ReferenceGrant',
};
