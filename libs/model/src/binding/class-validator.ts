import type * as ClassValidator from 'class-validator';
import { libraryOnDemand } from '../library-on-demand.js';

/** A thread that binds nothing starts in half of the time without it. */
export const classValidator = libraryOnDemand<typeof ClassValidator>('class-validator');
