import type { CompiledGlobals } from './globals/compiled-globals.js';
import type { RouteManager } from './route-manager.js';

/** The gateway-wide settings of the running snapshot. */
export class GlobalConfigurationManager {
  constructor(private readonly routes: RouteManager) {}

  get current(): CompiledGlobals {
    return this.routes.current.globals;
  }
}
