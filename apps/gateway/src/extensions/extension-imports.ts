import type { ResolveHook } from 'node:module';

/*
 * Runs on the thread of Node's module hooks. An extension imports these without having them installed, and gets the very
 * modules that the gateway runs on: of two copies of a decorator each would keep its own list of fields.
 */
const SHARED = /^(?:@nestjs\/(?:common|core)|class-validator|reflect-metadata|rxjs)(?:\/|$)/;

/** @param data the URL of the module that `tigateway/extension` stands for */
export function initialize(data: string): void {
  apiUrl = data;
}

let apiUrl = '';

export const resolve: ResolveHook = (specifier, context, nextResolve) => {
  if (specifier === 'tigateway/extension') return { url: apiUrl, shortCircuit: true };
  return nextResolve(specifier, SHARED.test(specifier) ? { ...context, parentURL: apiUrl } : context);
};
