import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { isJsonObject, type Json, type JsonObject, libraryOnDemand } from '@tigateway/model';
import type * as Yaml from 'yaml';
import { joined } from '../http/json-stream.js';

const yaml = libraryOnDemand<typeof Yaml>('yaml');

const REMARK =
  '# Exported by TiGateway. Secrets are masked: replace each *** before this document is used as a file.\n';
/** Lines are never folded and equal objects never become aliases: the text reads back as it was. */
const YAML: Yaml.ToStringOptions & { aliasDuplicateObjects: boolean } = { lineWidth: 0, aliasDuplicateObjects: false };

/**
 * A document as a download, made in slices: one of 100,000 routes is some 20 MB of text. JSON has no comments, so there the
 * header `X-Configuration-Secrets` alone says that secrets are masked.
 */
export function exported(document: Json, format: 'yaml' | 'json'): StreamableFile {
  const members = isJsonObject(document) ? document : {};
  const pieces = format === 'json' ? jsonPieces(members) : yamlPieces(members);
  return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
    type: `application/${format}; charset=utf-8`,
    disposition: `attachment; filename="tigateway.${format}"`,
  });
}

async function* yamlPieces(document: JsonObject): AsyncGenerator<string> {
  const { stringify } = yaml();
  yield REMARK;
  for (const [key, value] of Object.entries(document)) {
    if (!Array.isArray(value) || value.length === 0) {
      yield stringify({ [key]: value }, YAML);
      continue;
    }
    yield* joined(
      value as readonly Json[],
      (item) => stringify([item], YAML),
      `${stringify(key, YAML).trim()}:\n`,
      '',
      '',
    );
  }
}

async function* jsonPieces(document: JsonObject): AsyncGenerator<string> {
  let before = '{\n';
  for (const [key, value] of Object.entries(document)) {
    const open = `${before}  ${JSON.stringify(key)}: `;
    before = ',\n';
    if (Array.isArray(value)) {
      yield* joined(value as readonly Json[], (item) => `\n    ${JSON.stringify(item)}`, `${open}[`, ',', '\n  ]');
    } else {
      yield open + JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
    }
  }
  yield before === '{\n' ? '{}\n' : '\n}\n';
}
