import { vi } from 'vitest';

/*
 * What is proved of the gateway holds on the native engines too: the same specifications once more, with these under them.
 */
vi.stubEnv('TIGATEWAY_TEST_ENGINE', 'native');

await import('../gateway/chain.spec.js');
await import('../gateway/around.spec.js');
await import('../body/body.filters.spec.js');
await import('../circuit-breaker/circuit-breaker.filter.spec.js');
await import('../response-cache/local-response-cache.filter.spec.js');
await import('../retry/retry.filter.spec.js');
await import('../gateway/failures.spec.js');
await import('../gateway/httpclient.spec.js');
await import('../gateway/tls-upstream.spec.js');
await import('../gateway/proxying.spec.js');
await import('../gateway/streaming.spec.js');
await import('../node/smuggling.spec.js');
await import('../data-plane.spec.js');
await import('../websocket/websocket.spec.js');
await import('../tls/listener-tls.spec.js');
await import('../http2/http2.spec.js');
await import('../http2/http2-websocket.spec.js');
await import('../balancing/balancing.spec.js');
