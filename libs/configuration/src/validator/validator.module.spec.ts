import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Clock, SystemClock } from '@tigateway/model';
import { CompileEnvironment, ROUTING_GLOBAL_SETTINGS, RoutingModule } from '@tigateway/routing';
import { DocumentParser } from '../parser/document-parser.js';
import { ParserModule } from '../parser/parser.module.js';
import { FileSource } from '../sources/file/file-source.js';
import { FileSourceModule } from '../sources/file/file-source.module.js';
import { ConfigurationValidator } from './configuration-validator.js';
import { ALL_STEPS } from './validation-context.js';
import { ValidatorModule } from './validator.module.js';

const SURROUNDINGS = [
  { provide: Clock, useClass: SystemClock },
  { provide: CompileEnvironment, useValue: { ownListeners: [] } },
];

@Global()
@Module({ providers: SURROUNDINGS, exports: SURROUNDINGS })
class ProcessModule {}

describe('the modules of parser, validator and file source', () => {
  it('give what the next stage asks for', async () => {
    const options = { paths: [], baseFolder: '.', debounceMs: 50, placeholders: true };
    const imports = [
      ProcessModule,
      RoutingModule.forRoot(),
      ParserModule,
      ValidatorModule.forRoot(ROUTING_GLOBAL_SETTINGS),
      FileSourceModule.forRoot(options),
    ];
    const module = await Test.createTestingModule({ imports }).compile();
    const document = {
      kind: 'text',
      name: 'x',
      format: 'yaml',
      text: 'globals: { cors: 1 }',
      placeholders: false,
    } as const;
    const parsed = await module.get(DocumentParser).parse('file', document);
    const context = { steps: ALL_STEPS, surroundings: { exists: () => false }, missingDependency: 'error' } as const;
    const report = await module.get(ConfigurationValidator).validateDocument(parsed, context);
    expect(report).toMatchObject({ valid: false, errors: [{ pointer: '/globals/cors', code: 'wrong-type' }] });
    expect(module.get(FileSource).name).toBe('file');
    await module.close();
  });
});
