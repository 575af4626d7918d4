import { AddRequestHeaderFilterFactory } from './add-request-header.filter.js';
import { AddRequestHeadersIfNotPresentFilterFactory } from './add-request-headers-if-not-present.filter.js';
import { AddRequestParameterFilterFactory } from './add-request-parameter.filter.js';
import { AddResponseHeaderFilterFactory } from './add-response-header.filter.js';
import { DedupeResponseHeaderFilterFactory } from './dedupe-response-header.filter.js';
import { FallbackHeadersFilterFactory } from './fallback-headers.filter.js';
import type { FilterFactory } from './filter-factory.js';
import { MapRequestHeaderFilterFactory } from './map-request-header.filter.js';
import { PrefixPathFilterFactory } from './prefix-path.filter.js';
import { PreserveHostHeaderFilterFactory } from './preserve-host-header.filter.js';
import { RedirectToFilterFactory } from './redirect-to.filter.js';
import { RemoveRequestHeaderFilterFactory } from './remove-request-header.filter.js';
import { RemoveRequestParameterFilterFactory } from './remove-request-parameter.filter.js';
import { RemoveResponseHeaderFilterFactory } from './remove-response-header.filter.js';
import { ReplacePathFilterFactory } from './replace-path.filter.js';
import { RequestHeaderSizeFilterFactory } from './request-header-size.filter.js';
import { RequestHeaderToRequestUriFilterFactory } from './request-header-to-request-uri.filter.js';
import { RequestRedirectFilterFactory } from './request-redirect.filter.js';
import { RequestSizeFilterFactory } from './request-size.filter.js';
import { RewriteLocationResponseHeaderFilterFactory } from './rewrite-location-response-header.filter.js';
import { RewritePathFilterFactory } from './rewrite-path.filter.js';
import { RewriteRequestParameterFilterFactory } from './rewrite-request-parameter.filter.js';
import { RewriteResponseHeaderFilterFactory } from './rewrite-response-header.filter.js';
import { SecureHeadersFilterFactory } from './secure-headers.filter.js';
import { SetPathFilterFactory } from './set-path.filter.js';
import { SetRequestHeaderFilterFactory } from './set-request-header.filter.js';
import { SetRequestHostHeaderFilterFactory } from './set-request-host-header.filter.js';
import { SetRequestUriFilterFactory } from './set-request-uri.filter.js';
import { SetResponseHeaderFilterFactory } from './set-response-header.filter.js';
import { SetStatusFilterFactory } from './set-status.filter.js';
import { StripPrefixFilterFactory } from './strip-prefix.filter.js';

/** The gateway's own filters. A new one is its file and its line here. */
export const FILTERS: readonly (new () => FilterFactory)[] = [
  AddRequestHeaderFilterFactory,
  AddRequestHeadersIfNotPresentFilterFactory,
  AddRequestParameterFilterFactory,
  AddResponseHeaderFilterFactory,
  DedupeResponseHeaderFilterFactory,
  FallbackHeadersFilterFactory,
  MapRequestHeaderFilterFactory,
  PrefixPathFilterFactory,
  PreserveHostHeaderFilterFactory,
  RedirectToFilterFactory,
  RemoveRequestHeaderFilterFactory,
  RemoveRequestParameterFilterFactory,
  RemoveResponseHeaderFilterFactory,
  ReplacePathFilterFactory,
  RequestHeaderSizeFilterFactory,
  RequestHeaderToRequestUriFilterFactory,
  RequestRedirectFilterFactory,
  RequestSizeFilterFactory,
  RewriteLocationResponseHeaderFilterFactory,
  RewritePathFilterFactory,
  RewriteRequestParameterFilterFactory,
  RewriteResponseHeaderFilterFactory,
  SecureHeadersFilterFactory,
  SetPathFilterFactory,
  SetRequestHeaderFilterFactory,
  SetRequestHostHeaderFilterFactory,
  SetRequestUriFilterFactory,
  SetResponseHeaderFilterFactory,
  SetStatusFilterFactory,
  StripPrefixFilterFactory,
];
