import { AddRequestHeaderFilterFactory } from './add-request-header.filter.js';
import { AddRequestParameterFilterFactory } from './add-request-parameter.filter.js';
import { AddResponseHeaderFilterFactory } from './add-response-header.filter.js';
import type { FilterFactory } from './filter-factory.js';
import { PrefixPathFilterFactory } from './prefix-path.filter.js';
import { PreserveHostHeaderFilterFactory } from './preserve-host-header.filter.js';
import { RedirectToFilterFactory } from './redirect-to.filter.js';
import { RemoveRequestHeaderFilterFactory } from './remove-request-header.filter.js';
import { RemoveResponseHeaderFilterFactory } from './remove-response-header.filter.js';
import { RewritePathFilterFactory } from './rewrite-path.filter.js';
import { SetPathFilterFactory } from './set-path.filter.js';
import { SetRequestHeaderFilterFactory } from './set-request-header.filter.js';
import { SetResponseHeaderFilterFactory } from './set-response-header.filter.js';
import { SetStatusFilterFactory } from './set-status.filter.js';
import { StripPrefixFilterFactory } from './strip-prefix.filter.js';

/** The gateway's own filters. A new one is its file and its line here. */
export const FILTERS: readonly (new () => FilterFactory)[] = [
  AddRequestHeaderFilterFactory,
  AddRequestParameterFilterFactory,
  AddResponseHeaderFilterFactory,
  PrefixPathFilterFactory,
  PreserveHostHeaderFilterFactory,
  RedirectToFilterFactory,
  RemoveRequestHeaderFilterFactory,
  RemoveResponseHeaderFilterFactory,
  RewritePathFilterFactory,
  SetPathFilterFactory,
  SetRequestHeaderFilterFactory,
  SetResponseHeaderFilterFactory,
  SetStatusFilterFactory,
  StripPrefixFilterFactory,
];
