/**
 * Sockets that only sockets like them still hold: found when one is closed while files are in flight.
 *
 * A socket whose every reference lies in a queue is alive only if that queue can be read: if it belongs to a socket that is
 * alive. Those that no queue of a living socket leads to are lost, and what their queues hold with them. Source: unix(7), SCM_RIGHTS.
 */
import type { Socket } from '../../contracts/sockets.ts';
import type { UnixCore } from './unix-names.ts';

/** How often each open file lies in a queue. */
function inFlight({ table }: UnixCore): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { queue } of table.sockets.values()) {
    for (const { files } of queue) for (const file of files) counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  return counts;
}

/** Sockets that nothing can reach any more, other than through each other. */
export function collect(core: UnixCore): readonly Socket[] {
  const { kernel, table } = core;
  const counts = inFlight(core);
  /** By id: those of which every reference is in flight. */
  const suspects = new Set<number>();
  for (const [id, count] of counts) {
    const file = kernel.vfs.file(id);
    if (file.kind === 'unix-socket' && file.references === count) suspects.add(file.object);
  }
  if (suspects.size === 0) return [];
  const reach = (socket: Socket): void => {
    const follow: Socket[] = [socket];
    for (let from = follow.pop(); from !== undefined; from = follow.pop()) {
      for (const id of from.pending) {
        const embryo = table.sockets.get(id);
        if (embryo !== undefined) follow.push(embryo);
      }
      for (const { files } of from.queue) {
        for (const id of files) {
          const file = kernel.vfs.file(id);
          if (file.kind !== 'unix-socket' || !suspects.delete(file.object)) continue;
          const found = table.sockets.get(file.object);
          if (found !== undefined) follow.push(found);
        }
      }
    }
  };
  // A connection that is to be accepted is reached through its listener alone.
  for (const socket of table.sockets.values()) {
    if (socket.listener === 0 && !suspects.has(socket.id)) reach(socket);
  }
  return [...suspects].flatMap((id) => table.sockets.get(id) ?? []);
}
