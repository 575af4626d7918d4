export * from './client-request.js';
export * from './client-response.js';
export * from './data-plane-server.js';
export * from './request-body.js';
export * from './request-observer.js';
export * from './service-instances.js';
export * from './upstream-client.js';
export * from './upstream-settings.js';
