import type { Scenario } from '../scenario.js';
import { adminStall } from './admin-stall.js';
import { changesUnderLoad } from './changes-under-load.js';
import { clusterToEffect } from './cluster-to-effect.js';
import { connections } from './connections.js';
import { events } from './events.js';
import { filterCost } from './filter-cost.js';
import { idleConnections } from './idle-connections.js';
import { loadingStall } from './loading-stall.js';
import { matching } from './match-cost.js';
import { peers } from './peers.js';
import { requestCost } from './request-cost.js';
import { routeMemory } from './route-memory.js';
import { slowClients } from './slow-clients.js';
import { startToReady } from './start-to-ready.js';
import { webhookLoad } from './webhook-load.js';
import { websocketMessages } from './websocket-messages.js';
import { workers } from './workers.js';
import { writeToEffect } from './write-to-effect.js';
import { writesWithChannels } from './writes-with-channels.js';

export const SCENARIOS: readonly Scenario[] = [
  writeToEffect,
  clusterToEffect,
  changesUnderLoad,
  matching,
  requestCost,
  filterCost,
  workers,
  peers,
  connections,
  websocketMessages,
  loadingStall,
  adminStall,
  routeMemory,
  idleConnections,
  slowClients,
  startToReady,
  events,
  webhookLoad,
  writesWithChannels,
];
