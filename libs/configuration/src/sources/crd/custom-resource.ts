import type { KubernetesObject, ResourceType } from '@tigateway/kubernetes';
import { isJsonObject, type Json, type ParsedObject, pointerTo, type Problem } from '@tigateway/model';
import { MAX_DEPTH } from '../../parser/document-tree.js';
import { innerGlobal } from '../../parser/global-settings.js';
import type { ResourceDocument } from '../kubernetes/resource-source.js';

const GROUP = 'tigateway.cn';
const VERSION = 'v1';

export const CUSTOM_RESOURCE_KINDS = ['TiGatewayRoute', 'TiGatewayFilter', 'TiGatewayConfig'] as const;
export type CustomResourceKind = (typeof CUSTOM_RESOURCE_KINDS)[number];

export function customResourceType(kind: CustomResourceKind): ResourceType {
  return { group: GROUP, version: VERSION, plural: `${kind.toLowerCase()}s`, kind };
}

/** One that the gateway's own schema let in; what stands in `spec` is for the gateway to judge all the same. */
export interface CustomResource extends KubernetesObject {
  readonly spec?: Json;
  readonly status?: unknown;
}

export const CRD = 'crd';

/** The spec around a definition is not the definition's own depth. */
const SPEC_DEPTH = 1;

/** `<kind>/<namespace>/<name>`: what its document is called, in positions and in the status too. */
export function documentNameOf(kind: CustomResourceKind, { metadata: { namespace, name } }: CustomResource): string {
  return `${kind}/${namespace}/${name}`;
}

/** Whether a resource is for the gateway of that name; one that names none is for every gateway. */
export function isFor(gateway: string, { spec }: CustomResource): boolean {
  const wanted = isJsonObject(spec) ? (spec['gateway'] ?? gateway) : gateway;
  return wanted === gateway;
}

/** What a resource defines: one configuration, or why there is none. A function of the resource. */
export function definitionOf(
  kind: CustomResourceKind,
  resource: CustomResource,
): { readonly object?: ParsedObject; readonly problems: readonly Problem[] } {
  const position = { source: CRD, document: documentNameOf(kind, resource), line: 0, column: 0 };
  const refused = (pointer: string, code: string, message: string): { problems: readonly Problem[] } => ({
    problems: [{ pointer, code, message, position }],
  });
  const spec = isJsonObject(resource.spec) ? resource.spec : {};
  // Looked at first: what takes a configuration over goes through it without counting.
  if (isDeeperThan(MAX_DEPTH + SPEC_DEPTH, spec))
    return refused('/spec', 'too-deep', `objects and arrays may stand in each other at most ${MAX_DEPTH} deep`);
  if (kind === 'TiGatewayConfig') {
    const { configId, configuration } = spec;
    if (typeof configId !== 'string') return refused('/spec/configId', 'required', 'configId is required');
    if (configuration === undefined) return refused('/spec/configuration', 'required', 'configuration is required');
    const inner = innerGlobal(configId, configuration);
    const object = {
      configType: 'global',
      configId,
      configuration: inner,
      pointer: '/spec/configuration',
      position,
    } as const;
    return { object, problems: [] };
  }
  const configType = kind === 'TiGatewayRoute' ? 'route' : 'filter';
  const pointer = pointerTo('/spec', configType);
  const definition = spec[configType];
  if (!isJsonObject(definition)) return refused(pointer, 'required', `a ${configType} definition is required`);
  const { id } = definition;
  if (typeof id !== 'string') return refused(pointerTo(pointer, 'id'), 'required', 'an id is required');
  const configuration = spec['enabled'] === false ? { ...definition, enabled: false } : definition;
  return { object: { configType, configId: id, configuration, pointer, position }, problems: [] };
}

/** The one document of a resource; none where it is for another gateway. */
export function customResourceDocuments(
  gateway: string,
  kind: CustomResourceKind,
  resource: CustomResource,
): ResourceDocument[] {
  if (!isFor(gateway, resource)) return [];
  const { object, problems } = definitionOf(kind, resource);
  const name = documentNameOf(kind, resource);
  const document = { kind: 'objects', name, objects: object ? [object] : [], problems } as const;
  const { uid = '', generation = 0 } = resource.metadata;
  return [{ document, content: object ? (resource.spec ?? null) : [uid, generation] }];
}

/** @param levels that objects and arrays may stand in each other; it is not gone deeper than that */
function isDeeperThan(levels: number, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) if (isDeeperThan(levels - 1, member)) return true;
  return false;
}
