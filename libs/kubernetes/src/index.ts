export * from './kubernetes-object.js';
export * from './label-selector.js';
export * from './service-endpoints.js';
