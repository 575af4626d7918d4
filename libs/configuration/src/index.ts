export * from './history/configuration-history.service.js';
export * from './history/configuration-store.js';
export * from './reloader/configuration-api.js';
export * from './reloader/dynamic-configuration.service.js';
export * from './sources/configuration-source.js';
