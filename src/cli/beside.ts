/**
 * What `dist/cli/bundle/beside.js` is made of: the thread beside a kernel, which answers each request in turn.
 */
import { workerData } from 'node:worker_threads';
import { carryOut } from '../api/beside.ts';
import type { Asked, WorkerData } from '../host/node/beside.ts';

const { port } = workerData as WorkerData;

port.on('message', ({ id, name, request }: Asked) => {
  let value: unknown = null;
  try {
    value = carryOut(name, request);
  } catch {
    // The asker learns that it failed, and does without.
  }
  port.postMessage({ id, value });
});
