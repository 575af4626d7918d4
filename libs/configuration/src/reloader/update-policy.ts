import { Inject, Injectable, Logger } from '@nestjs/common';
import { bindGlobal, ConfigurationValidationError, type Json, keyText } from '@tigateway/model';
import { ENVIRONMENT, type Environment, Placeholders } from '../parser/placeholders.js';
import type { Running, RunningState } from '../planner/running-state.js';
import { UPDATE_POLICY, UpdatePolicySettings } from './update-policy.settings.js';

/** The policy of the bootstrap file, placeholders unresolved: `Json`. */
export const BOOTSTRAP_UPDATE_POLICY = Symbol('BOOTSTRAP_UPDATE_POLICY');

const KEY = keyText({ configType: 'global', configId: UPDATE_POLICY.configId });

/** The update policy in force: the global configuration where there is one, else what the bootstrap file says. */
@Injectable()
export class UpdatePolicy {
  private readonly logger = new Logger(UpdatePolicy.name);
  private readonly fallback: UpdatePolicySettings;
  private settings: UpdatePolicySettings;
  private followed: Running | undefined;

  /** @throws ConfigurationValidationError for a bootstrap policy that is not sound */
  constructor(
    @Inject(BOOTSTRAP_UPDATE_POLICY) bootstrap: Json,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {
    this.fallback = this.read(bootstrap, true);
    this.settings = this.fallback;
  }

  get current(): UpdatePolicySettings {
    return this.settings;
  }

  /** Follows what runs; what was validated before it ran cannot fail here but for a variable that has gone since. */
  follow({ configurations }: RunningState): void {
    const running = configurations.get(KEY);
    if (running === this.followed) return;
    this.followed = running;
    try {
      this.settings = running ? this.read(running.configuration, running.deferredPlaceholders) : this.fallback;
    } catch (error) {
      this.logger.error(`the update policy stays as it was: ${(error as Error).message}`);
    }
  }

  private read(configuration: Json, resolvesPlaceholders = false): UpdatePolicySettings {
    const resolved = resolvesPlaceholders ? new Placeholders(this.environment).resolve(configuration) : configuration;
    const { value, problems } = bindGlobal(UPDATE_POLICY, resolved);
    if (value === undefined) throw new ConfigurationValidationError(problems);
    return value;
  }
}
