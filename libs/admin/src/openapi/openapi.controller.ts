import { Controller, Get } from '@nestjs/common';
import { OPENAPI_DOCUMENT } from './openapi-document.js';
import type { OpenApiDocument } from './openapi-types.js';

@Controller('actuator/openapi')
export class OpenApiController {
  @Get()
  document(): OpenApiDocument {
    return OPENAPI_DOCUMENT;
  }
}
