import { ACTUATOR_PATHS } from './actuator.paths.js';
import { CONFIGURATION_PATHS } from './configuration.paths.js';
import type { OpenApiDocument } from './openapi-types.js';
import { HEADERS, PARAMETERS, PROBLEM_RESPONSES } from './parts.js';
import { SCHEMAS } from './schemas.js';

/** The admin API, described for people and for client generators. A test holds it against the routes that are served. */
export const OPENAPI_DOCUMENT: OpenApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'TiGateway admin API',
    version: '1.0.0',
    description:
      'Changes the configuration of a running gateway and shows what it does. Errors are problem details (RFC 9457). ' +
      'Changes are announced on the WebSocket `/ws/configuration`.',
  },
  tags: [
    { name: 'configuration', description: 'Routes, filters and global configurations, and their history' },
    {
      name: 'actuator',
      description: 'The process and the data plane, in the shapes of Spring Boot and Spring Cloud Gateway',
    },
  ],
  security: [{ bearer: [] }],
  paths: { ...CONFIGURATION_PATHS, ...ACTUATOR_PATHS },
  components: {
    schemas: SCHEMAS,
    parameters: PARAMETERS,
    headers: HEADERS,
    responses: PROBLEM_RESPONSES,
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description: 'The token of `management.auth.token`; none where it is not set',
      },
    },
  },
};
