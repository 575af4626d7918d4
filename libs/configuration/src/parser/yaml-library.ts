import { libraryOnDemand } from '@tigateway/model';
import type * as Yaml from 'yaml';

/** Needed for the first text that is not plain. */
export const yamlLibrary = libraryOnDemand<typeof Yaml>('yaml');
