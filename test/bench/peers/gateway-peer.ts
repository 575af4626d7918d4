import { generatedRoutes } from '../generated-routes.js';
import { BenchGateway } from '../processes/gateway.js';
import { type Peer, PREFIX, type Subject } from './peer.js';

const ROUTES = 1_000;

/** This gateway with 1,000 routes, a path and a method predicate, two filters, forwarded headers and metrics. */
export function gatewayPeer(engine: 'native' | 'node'): Peer {
  return {
    name: `tigateway, ${engine}`,
    missing: () => undefined,
    async start(upstream, certificate): Promise<Subject> {
      const gateway = await BenchGateway.prepare(generatedRoutes(ROUTES, upstream), {
        engine,
        ...(certificate && { tls: { certificate: certificate.certificate, key: certificate.key } }),
      });
      await gateway.start();
      return {
        pid: gateway.pid,
        url: certificate ? gateway.url.replace('http:', 'https:') + PREFIX : gateway.url + PREFIX,
        stop: () => gateway.dispose(),
      };
    },
  };
}
