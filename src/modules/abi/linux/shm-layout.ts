/**
 * What shmctl(2) writes to user memory: struct shmid64_ds, shminfo64 and shm_info.
 */
import * as V from '../../../abi/linux/sysv.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Segment, Segments } from '../../../contracts/segments.ts';
import { highestPlace } from '../../../lib/ipc/ids.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { putPermission } from './sysv-permission.ts';

function putLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** struct shmid64_ds. @returns `result`, -EFAULT or WAIT */
export function shmStat(
  kernel: Kernel,
  tid: number,
  segment: Readonly<Segment>,
  at: number,
  result: number,
): number {
  const view = new DataView(new ArrayBuffer(V.SHMID_DS_SIZE));
  const { key, permission, doomed, locked } = segment;
  putPermission(view, key, permission);
  const marks = (doomed ? V.SHM_DEST : 0) | (locked ? V.SHM_LOCKED : 0);
  view.setUint32(V.PERM_MODE, permission.mode | marks, true);
  putLong(view, V.SHMID_DS_SEGSZ, segment.bytes);
  putLong(view, V.SHMID_DS_ATIME, segment.attached);
  putLong(view, V.SHMID_DS_DTIME, segment.detached);
  putLong(view, V.SHMID_DS_CTIME, segment.changed);
  view.setInt32(V.SHMID_DS_CPID, segment.creator, true);
  view.setInt32(V.SHMID_DS_LPID, segment.lastUser, true);
  putLong(view, V.SHMID_DS_NATTCH, kernel.vm.attachments?.(segment.inode) ?? 0);
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : result;
}

function limits(ipc: Segments): DataView {
  const view = new DataView(new ArrayBuffer(V.SHMINFO_SIZE));
  const { bytes, pages, segments } = ipc.segmentLimits();
  view.setBigUint64(0, BigInt(bytes), true);
  [V.SHMMIN, segments, segments].forEach((value, i) => putLong(view, 8 + 8 * i, value));
  view.setBigUint64(32, BigInt(pages), true);
  return view;
}

function usage(kernel: Kernel, ipc: Segments): DataView {
  const view = new DataView(new ArrayBuffer(V.SHM_INFO_SIZE));
  let [segments, pages, resident] = [0, 0, 0];
  for (const { bytes, inode } of ipc.segments()) {
    segments++;
    pages += pageUp(bytes) / PAGE_SIZE;
    resident += kernel.pagecache.count(inode);
  }
  view.setInt32(0, segments, true);
  putLong(view, 8, pages);
  putLong(view, 16, resident);
  return view;
}

/** IPC_INFO and SHM_INFO. @returns the highest index in use, -EFAULT or WAIT */
export function shmInfo(kernel: Kernel, tid: number, ipc: Segments, at: number, inUse: boolean): number {
  const view = inUse ? usage(kernel, ipc) : limits(ipc);
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : highestPlace(ipc.segments());
}
