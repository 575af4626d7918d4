export * from './admin.module.js';
export * from './configure-admin-application.js';
export * from './http/admin-adapter.js';
export { isLoopback, type ManagementAccess, type ManagementAccessOptions } from './security/management-access.js';
