import { libraryOnDemand } from '@tigateway/model';
import type * as Undici from 'undici';

/** The native engine does without it. */
export const undici = libraryOnDemand<typeof Undici>('undici');
