import { bind, isJsonObject, type Json, pointerTo, type Problem } from '@tigateway/model';
import { CorsSettings } from '../globals/cors.settings.js';

/** The metadata that the gateway itself obeys; everything else in it is the user's. */
export interface RouteSettings {
  readonly connectTimeoutMs: number | undefined;
  readonly responseTimeoutMs: number | undefined;
  readonly cors: CorsSettings | undefined;
}

const NO_SETTINGS: RouteSettings = { connectTimeoutMs: undefined, responseTimeoutMs: undefined, cors: undefined };

export function readRouteMetadata(metadata: Json, pointer: string, problems: Problem[]): RouteSettings {
  if (!isJsonObject(metadata)) return NO_SETTINGS;
  const { cors } = metadata;
  return {
    connectTimeoutMs: milliseconds(metadata, 'connect-timeout', 1, pointer, problems),
    // A negative response timeout switches the global one off.
    responseTimeoutMs: milliseconds(metadata, 'response-timeout', -Infinity, pointer, problems),
    cors: cors === undefined || cors === null ? undefined : readCors(cors, pointerTo(pointer, 'cors'), problems),
  };
}

function milliseconds(
  metadata: Readonly<Record<string, Json>>,
  name: string,
  least: number,
  pointer: string,
  problems: Problem[],
): number | undefined {
  const value = metadata[name] ?? null;
  if (value === null) return undefined;
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value));
  const ms = isNumeric ? Number(value) : NaN;
  if (Number.isSafeInteger(ms) && ms >= least) return ms;
  const message = `"${name}" is a whole number of milliseconds, found ${JSON.stringify(value)}`;
  problems.push({ pointer: pointerTo(pointer, name), code: 'wrong-type', message });
  return undefined;
}

function readCors(cors: Json, pointer: string, problems: Problem[]): CorsSettings | undefined {
  const bound = bind(CorsSettings, cors, pointer);
  problems.push(...bound.problems);
  return bound.value;
}
