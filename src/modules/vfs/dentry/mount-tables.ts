/**
 * Files that list what is mounted, as poll(2) sees them: a change is urgent news, until it was told once.
 *
 * Source: proc_pid_mounts(5).
 */
import { POLLERR, POLLIN, POLLPRI, POLLRDNORM } from '../../../abi/linux/poll.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { type Core, servedBy } from './core.ts';

/** A file was opened. */
export function beginTable(core: Core, file: OpenFile): void {
  if (servedBy(core, file.inode).listsMounts?.(file.inode) === true)
    file.mountsSeen = core.state.mountChanges;
}

/** Something was mounted, unmounted or mounted anew. */
export function noteMounts({ state, kernel }: Core): void {
  state.mountChanges++;
  if (state.mountEvent !== 0) kernel.waits.wake(state.mountEvent, Number.POSITIVE_INFINITY);
}

export function pollMounts({ state }: Core, file: OpenFile): number {
  const news = file.mountsSeen === state.mountChanges ? 0 : POLLERR | POLLPRI;
  file.mountsSeen = state.mountChanges;
  return POLLIN | POLLRDNORM | news;
}

export function armMounts({ state, kernel }: Core): void {
  if (state.mountEvent === 0) state.mountEvent = kernel.waits.newEvent();
  kernel.waits.on(state.mountEvent);
}
