import type { Clock } from '@tigateway/model';
import { ResourceSource, type ResourceDocuments } from '../kubernetes/resource-source.js';
import { CRD, type CustomResource, type CustomResourceKind, customResourceDocuments } from './custom-resource.js';
import { JudgedResources } from './judged-resources.js';

/** One watch of one kind, in one namespace or all. */
export interface CustomResourceWatch {
  readonly kind: CustomResourceKind;
  readonly watch: ResourceDocuments<CustomResource>['watch'];
  /** As a person would say where they cannot be read. */
  readonly called: string;
}

/** Routes, filters and settings as custom resources; each is a document of its own. */
export class CustomResourceSource extends ResourceSource {
  /** @param gateway the name by which `spec.gateway` asks for this one */
  constructor(
    watches: readonly CustomResourceWatch[],
    gateway: string,
    clock: Clock,
    readonly judged = new JudgedResources(gateway),
  ) {
    super(
      CRD,
      watches.map(({ kind, called, watch }): ResourceDocuments<CustomResource> => ({
        watch,
        called,
        documentsOf: (resource) => customResourceDocuments(gateway, kind, resource),
        settled: (resources, removed) => judged.settled(kind, resources, removed),
      })),
      clock,
    );
  }
}
