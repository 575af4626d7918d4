import { existsSync } from 'node:fs';
import { ExternalProcess, freePort, isInstalled } from '../processes/external.js';
import { type Peer, PREFIX, type Subject } from './peer.js';

const JAR = 'test/bench/peers/spring-cloud-gateway/target/gateway.jar';

/** The same route, written as Spring Boot reads it. */
export const SPRING_CLOUD_GATEWAY: Peer = {
  name: 'Spring Cloud Gateway',
  missing: () => (!isInstalled('java') ? 'java' : existsSync(JAR) ? undefined : `${JAR} (test/setup/bench-peers)`),
  warmUpSeconds: 30,
  async start(upstream, certificate): Promise<Subject> {
    const port = await freePort();
    const route = {
      id: 'route-0',
      uri: upstream,
      predicates: [`Path=${PREFIX}/**`, 'Method=GET,POST'],
      filters: ['StripPrefix=2', 'AddRequestHeader=X-Route, route-0'],
    };
    const settings = {
      server: {
        port,
        address: '127.0.0.1',
        ...(certificate && {
          ssl: { certificate: `file:${certificate.certificate}`, 'certificate-private-key': `file:${certificate.key}` },
        }),
      },
      logging: { level: { root: 'ERROR' } },
      spring: { cloud: { gateway: { routes: [route] } } },
    };
    const command = ['java', '-XX:ActiveProcessorCount=1', '-jar', JAR];
    const running = await ExternalProcess.start('subject', command, port, {
      SPRING_APPLICATION_JSON: JSON.stringify(settings),
    });
    return {
      pid: running.pid,
      url: (certificate ? running.url.replace('http:', 'https:') : running.url) + PREFIX,
      stop: () => running.stop(),
    };
  },
};
