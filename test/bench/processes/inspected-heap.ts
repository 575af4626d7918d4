import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Bytes of JavaScript heap that a process still holds after a full collection, by its inspector. */
export async function heapAfterCollection(inspectorUrl: string): Promise<number> {
  const socket = new WebSocket(inspectorUrl);
  await once(socket, 'open');
  let calls = 0;
  const call = async (method: string): Promise<unknown> => {
    const id = (calls += 1);
    socket.send(JSON.stringify({ id, method }));
    for (;;) {
      const [message] = (await once(socket, 'message')) as [Buffer];
      const answer = JSON.parse(message.toString()) as { id?: number; result?: unknown };
      if (answer.id === id) return answer.result;
    }
  };
  // What only a finalizer kept alive goes with the second one.
  await call('HeapProfiler.collectGarbage');
  await call('HeapProfiler.collectGarbage');
  const { usedSize } = (await call('Runtime.getHeapUsage')) as { usedSize: number };
  socket.close();
  return usedSize;
}
