import {
  type ConfigType,
  type ConfigurationKey,
  ConfigurationValidationError,
  CONFIG_TYPES,
  idProblem,
  isConfigType,
} from '@tigateway/model';

/** @throws ConfigurationValidationError for what cannot be an id; `pointer` says where it was sent */
export function keyOf(configType: ConfigType, configId: string, pointer = ''): ConfigurationKey {
  const message = idProblem(configId);
  if (message) throw new ConfigurationValidationError([{ pointer, code: 'invalid-id', message }]);
  return { configType, configId };
}

/** @throws ConfigurationValidationError for an unknown type too */
export function keyOfText(configType: string, configId: string): ConfigurationKey {
  if (isConfigType(configType)) return keyOf(configType, configId);
  const message = `"${configType}" is no type of configuration; expected one of: ${CONFIG_TYPES.join(', ')}`;
  throw new ConfigurationValidationError([{ pointer: '', code: 'unknown-config-type', message }]);
}
