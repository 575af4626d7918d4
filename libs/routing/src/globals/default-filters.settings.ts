import { emptyRecord, type GlobalSettingsSchema, isJsonObject, type Json, ListOf } from '@tigateway/model';

/** Filters of every route: Spring's `default-filters`, a list, or an object that holds it. */
export class DefaultFiltersSettings {
  @ListOf({ kind: 'json' }, { splitsCommas: false })
  defaultFilters: Json[] = [];
}

export const DEFAULT_FILTERS_SETTINGS: GlobalSettingsSchema<DefaultFiltersSettings> = {
  configId: 'default-filters',
  type: DefaultFiltersSettings,
  unwrap: (configuration) => {
    if (Array.isArray(configuration)) return Object.assign(emptyRecord(), { defaultFilters: configuration });
    if (!isJsonObject(configuration) || !Object.hasOwn(configuration, 'filters')) return configuration;
    const { filters, ...others } = configuration;
    return { ...others, defaultFilters: filters as Json };
  },
};
