import { ListOf } from '@tigateway/model';

export class JsonToGrpcSettings {
  /** Descriptor sets are read from nowhere else; relative folders start at the bootstrap file's. */
  @ListOf({ kind: 'text' }) descriptorFolders: string[] = ['./descriptors'];
}
