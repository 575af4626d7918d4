import { Placeholders } from '@tigateway/configuration';
import { bind, StartupError } from '@tigateway/model';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { applyOverrides } from './environment-overrides.js';
import { GatewaySettings } from './gateway-settings.js';
import { type MissingVariable, resolvePlaceholders } from './placeholders.js';
import { BootstrapText } from './bootstrap-text.js';
import { type SettingsProblem, settingsProblems } from './settings-problems.js';
import { readTokenFile } from './token-file.js';

export const DEFAULT_FILE = 'config/tigateway.yml';

export interface Bootstrap {
  readonly settings: GatewaySettings;
  /** The folder that relative paths in the file start from. */
  readonly folder: string;
  /** `file:line:column` of what a JSON Pointer names in the file. */
  readonly positionOf: (pointer: string) => string;
}

/**
 * Reads the file that `TIGATEWAY_CONFIG` names (default `config/tigateway.yml`, which need not exist), replaces placeholders
 * and lets the environment override.
 * @throws StartupError with file, line, column and what was expected, all problems in one line
 */
export function readBootstrap(environment: NodeJS.ProcessEnv): Bootstrap {
  const file = environment['TIGATEWAY_CONFIG'] || DEFAULT_FILE;
  const text = new BootstrapText(file, readText(file, Boolean(environment['TIGATEWAY_CONFIG'])));
  const placeholders = new Placeholders(environment);
  const missing: MissingVariable[] = [];
  const resolved = resolvePlaceholders(text.toJson(), placeholders, missing);
  if (missing.length > 0) throw refusal(text, missing.map(unsetVariable));
  const { value: settings, problems } = bind(GatewaySettings, resolved);
  if (!settings) throw refusal(text, problems);
  applyOverrides(settings, environment);

  const folder = dirname(resolve(file));
  const { tigateway, server } = settings;
  if (server.tls) {
    server.tls.certificate = resolve(folder, server.tls.certificate);
    server.tls.key = resolve(folder, server.tls.key);
    if (server.tls.clientCa) server.tls.clientCa = resolve(folder, server.tls.clientCa);
  }
  tigateway.dataDir = resolve(folder, tigateway.dataDir);
  const { kubernetes } = tigateway;
  if (kubernetes.kubeconfig) kubernetes.kubeconfig = resolve(folder, kubernetes.kubeconfig);
  tigateway.extensions = tigateway.extensions.map((path) => resolve(folder, path));
  tigateway.sources.file.paths = tigateway.sources.file.paths.map((path) => resolve(folder, path));

  const token = readToken(settings, folder);
  if (token) throw refusal(text, [token]);
  const conflicts = settingsProblems(settings, placeholders);
  if (conflicts.length > 0) throw refusal(text, conflicts);
  return { settings, folder, positionOf: (pointer) => text.positionOf(pointer) };
}

function readText(file: string, mustExist: boolean): string {
  if (!mustExist && !existsSync(file)) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartupError(`${file}: cannot be read: ${(error as Error).message}`);
  }
}

/** Takes the token from its file, where one is named. @returns what is wrong with that */
function readToken({ management: { auth } }: GatewaySettings, folder: string): SettingsProblem | undefined {
  if (auth.tokenFile === undefined) return undefined;
  const pointer = '/management/auth/token-file';
  if (auth.token) return { pointer, message: 'there is a token already; expected one of token and token-file' };
  auth.tokenFile = resolve(folder, auth.tokenFile);
  try {
    auth.token = readTokenFile(auth.tokenFile);
    return undefined;
  } catch (error) {
    return { pointer, message: `the token cannot be read: ${(error as Error).message}` };
  }
}

function unsetVariable({ pointer, name }: MissingVariable): SettingsProblem {
  return { pointer, message: `the environment variable ${name} is not set and the placeholder has no default` };
}

function refusal(text: BootstrapText, problems: readonly SettingsProblem[]): StartupError {
  return new StartupError(problems.map(({ pointer, message }) => `${text.positionOf(pointer)}: ${message}`).join('; '));
}
