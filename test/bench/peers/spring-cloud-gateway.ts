import { existsSync } from 'node:fs';
import type { Certificate } from '../processes/certificate.js';
import { ExternalProcess, freePort, isInstalled } from '../processes/external.js';
import { type Peer, PREFIX, type Subject } from './peer.js';

const JAR = 'test/bench/peers/spring-cloud-gateway/target/gateway.jar';

/** The same route, written as Spring Boot reads it. */
export const SPRING_CLOUD_GATEWAY: Peer = {
  name: 'Spring Cloud Gateway',
  missing: () => (!isInstalled('java') ? 'java' : existsSync(JAR) ? undefined : `${JAR} (test/setup/bench-peers)`),
  warmUpSeconds: 15,
  async start(upstream, certificate): Promise<Subject> {
    const route = {
      id: 'route-0',
      uri: upstream,
      predicates: [`Path=${PREFIX}/**`, 'Method=GET,POST'],
      filters: ['StripPrefix=2', 'AddRequestHeader=X-Route, route-0'],
    };
    const running = await startSpring([route], certificate);
    const origin = `${certificate ? 'https' : 'http'}://127.0.0.1:${running.port}`;
    return { pid: running.pid, url: origin + PREFIX, stop: () => running.stop() };
  },
};

/** The application with these routes; more can be given to its actuator. */
export async function startSpring(
  routes: readonly object[],
  certificate: Certificate | undefined,
): Promise<ExternalProcess> {
  const port = await freePort();
  const ssl = certificate && {
    certificate: `file:${certificate.certificate}`,
    'certificate-private-key': `file:${certificate.key}`,
  };
  const settings = {
    server: { port, address: '127.0.0.1', ...(ssl && { ssl }) },
    logging: { level: { root: 'ERROR' } },
    management: { endpoint: { gateway: { enabled: true } }, endpoints: { web: { exposure: { include: 'gateway' } } } },
    spring: { cloud: { gateway: { routes } } },
  };
  return ExternalProcess.start('subject', ['java', '-XX:ActiveProcessorCount=1', '-jar', JAR], port, {
    SPRING_APPLICATION_JSON: JSON.stringify(settings),
  });
}
