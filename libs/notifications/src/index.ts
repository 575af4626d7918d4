export * from './log/event-log.channel.js';
export * from './notifications.module.js';
export * from './websocket/configuration-websocket.gateway.js';
export * from './websocket/event-history.js';
