import { Int, MapOf, Nested, Text } from '@tigateway/model';
import { IsNotEmpty, Min } from 'class-validator';

/** Spring's `apiversion.use`; those that are set are asked in this order. */
export class ApiVersionUseSettings {
  @Text({ optional: true }) @IsNotEmpty() header?: string;
  @Text({ optional: true }) @IsNotEmpty() queryParameter?: string;
  /** Index of a segment of the path; 0 is the first. */
  @Int({ optional: true }) @Min(0) pathSegment?: number;
  /** The parameter of `Accept` or `Content-Type`, by media type. */
  @MapOf({ kind: 'text' }) mediaTypeParameter: Record<string, string> = {};
}

/** Where a request names the version of an API that it wants, for the predicate `Version`. */
export class ApiVersionSettings {
  @Nested(() => ApiVersionUseSettings) use = new ApiVersionUseSettings();
  /** Of a request that names none; absent: such a request fits every version. */
  @Text({ optional: true, key: 'default' }) @IsNotEmpty() defaultVersion?: string;
}
