/*
 * What Spring Cloud Gateway has and a configuration cannot give: it needs code, or a platform that is not here. A program
 * that embeds the gateway may register factories of these names.
 */
const NEEDS_CODE = 'needs code, which configuration cannot carry; a program that embeds the gateway can register it';

export const UNSUPPORTED_PREDICATES: Readonly<Record<string, string>> = {
  ReadBody: `the predicate ReadBody ${NEEDS_CODE}`,
  CloudFoundryRouteService: 'the predicate CloudFoundryRouteService needs the Cloud Foundry platform',
};

export const UNSUPPORTED_FILTERS: Readonly<Record<string, string>> = {
  ModifyRequestBody: `the filter ModifyRequestBody ${NEEDS_CODE}`,
  ModifyResponseBody: `the filter ModifyResponseBody ${NEEDS_CODE}`,
  SaveSession: 'the filter SaveSession needs a server-side session, which the gateway does not have',
};

export const UNSUPPORTED_SCHEMES: Readonly<Record<string, string | undefined>> = Object.assign(
  Object.create(null) as Record<string, string>,
  {
    fn: `"fn:" calls a function of the program, and so ${NEEDS_CODE}`,
    stream: '"stream:" sends to a message broker through Spring Cloud Stream, which is not here',
  },
);
