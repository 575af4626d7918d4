import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../e2e/gateway-process.js';
import { Cluster } from './cluster.js';
import { ServedService } from './served-service.js';

let cluster: Cluster;
let service: ServedService;
let gateway: GatewayProcess;

beforeAll(async () => {
  cluster = await Cluster.start();
  const namespace = await cluster.namespace();
  service = await ServedService.created(cluster, namespace, 'web', ['a', 'b']);
  await cluster.must('POST', `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, {
    metadata: { name: 'web' },
    spec: { ingressClassName: 'tigateway', defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  });
  gateway = await GatewayProcess.started({
    tigateway: {
      kubernetes: { kubeconfig: cluster.kubeconfig, namespace },
      sources: { ingress: { enabled: true }, file: { enabled: false } },
    },
  });
});

afterAll(async () => {
  await gateway.dispose();
  await service.stop();
  await cluster.stop();
});

async function answers(count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let at = 0; at < count; at++) {
    const response = await fetch(gateway.url);
    const text = await response.text();
    seen.push(response.ok ? text : String(response.status));
  }
  return [...new Set(seen)].sort();
}

describe('without the API server', () => {
  it('traffic goes on with who was known, and news are taken in when it is back', async () => {
    expect(await answers(10)).toEqual(['a', 'b']);
    await cluster.stopApiServer();
    await expect.poll(() => gateway.output).toContain('cannot be watched, what was known stays');
    expect(await answers(50)).toEqual(['a', 'b']);
    await cluster.startApiServer();
    await service.set('a', { ready: false, serving: true, terminating: true });
    await service.add('c');
    await expect.poll(() => answers(6), { timeout: 60_000 }).toEqual(['b', 'c']);
  });

  it('a gateway that starts has its routes, and asks the cluster’s DNS for Services that it has not seen', async () => {
    await gateway.stop();
    await cluster.stopApiServer();
    await gateway.start();
    // There is no DNS of a cluster here, so the name cannot be resolved; 503 would say that nobody was asked.
    expect(await answers(1)).toEqual(['502']);
    await cluster.startApiServer();
    await expect.poll(() => answers(6), { timeout: 60_000 }).toEqual(['b', 'c']);
  });
});
