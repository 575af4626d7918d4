import { AppInfo } from '@tigateway/observability';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface PackageFacts {
  readonly name: string;
  readonly version: string;
}

/** Facts of this build and this process. `TIGATEWAY_BUILD_COMMIT` is set by the image's build. */
export class ProcessInfo extends AppInfo {
  readonly build = buildFacts(import.meta.dirname);
  readonly runtime = {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    pid: process.pid,
    startedAt: new Date(performance.timeOrigin).toISOString(),
  };
}

/** The package file stands above the sources and above `dist` alike, at different heights. */
function buildFacts(folder: string): AppInfo['build'] {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return buildFacts(dirname(folder));
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as PackageFacts;
  const commit = process.env['TIGATEWAY_BUILD_COMMIT'];
  return commit ? { name, version, commit } : { name, version };
}
