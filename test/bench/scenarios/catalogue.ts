import type { Scenario } from '../scenario.js';
import { clusterToEffect } from './cluster-to-effect.js';
import { connections } from './connections.js';
import { events } from './events.js';
import { filterCost } from './filter-cost.js';
import { loadingStall } from './loading-stall.js';
import { matching } from './match-cost.js';
import { peers } from './peers.js';
import { requestCost } from './request-cost.js';
import { routeMemory } from './route-memory.js';
import { startToReady } from './start-to-ready.js';
import { webhookLoad } from './webhook-load.js';
import { websocketMessages } from './websocket-messages.js';
import { writeToEffect } from './write-to-effect.js';
import { writesWithChannels } from './writes-with-channels.js';

export const SCENARIOS: readonly Scenario[] = [
  writeToEffect,
  clusterToEffect,
  matching,
  requestCost,
  filterCost,
  peers,
  connections,
  websocketMessages,
  loadingStall,
  routeMemory,
  startToReady,
  events,
  webhookLoad,
  writesWithChannels,
];
