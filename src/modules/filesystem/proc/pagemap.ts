/**
 * /proc/PID/pagemap: 64 bits for each page of an address space. Source: proc_pid_pagemap(5).
 */
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EINVAL } from '../../../abi/linux/errno.ts';
import { EXTRACT_FRAME_SHIFT } from '../../../contracts/pmap.ts';
import { USER_LIMIT, VMA_SHARED, type Vma } from '../../../contracts/vm.ts';
import { areasOf } from './memory.ts';
import { spaceOf, type Subject } from './subject.ts';

const PAGE = 4096;
const ENTRY = 8;
/** Bits of the upper half of an entry; the frame's number is in the lower one. */
const EXCLUSIVE = 1 << 24;
const FILE_OR_SHARED = 1 << 29;
const SWAPPED = 1 << 30;
const PRESENT = 1 << 31;

/** The area of a page; pages are asked for in ascending order. @param from index to look from */
function areaIndex(areas: readonly Readonly<Vma>[], va: number, from: number): number {
  let at = from;
  while (at < areas.length && (areas[at] as Vma).end <= va) at++;
  return at;
}

/** @returns whole entries, or -EINVAL where they are cut */
export function pagemap(subject: Subject, tid: number, offset: number, length: number): Uint8Array | number {
  if (offset % ENTRY !== 0 || length % ENTRY !== 0) return -EINVAL;
  const { kernel } = subject;
  const { pmap, frames, pagecache, vm } = kernel;
  const space = spaceOf(subject);
  const first = offset / ENTRY;
  const count = space === 0 ? 0 : Math.max(0, Math.min(length / ENTRY, USER_LIMIT / PAGE - first));
  const view = new DataView(new ArrayBuffer(count * ENTRY));
  const areas = areasOf(subject);
  // Numbers of frames are not for everybody.
  const tellsFrames = kernel.process.capable(tid, CAP_SYS_ADMIN);
  for (let i = 0, at = 0; i < count; i++) {
    const va = (first + i) * PAGE;
    at = areaIndex(areas, va, at);
    const area = areas[at];
    if (area === undefined) break;
    if (area.start > va) continue;
    const frame = pmap.extract(space, va) >>> EXTRACT_FRAME_SHIFT;
    if (frame === 0) {
      if ((vm.evicted?.(space, va, va + PAGE) ?? 0) > 0) view.setUint32(i * ENTRY + 4, SWAPPED, true);
      continue;
    }
    const cached =
      area.inode !== 0 && pagecache.find(area.inode, (area.offset + va - area.start) / PAGE) === frame;
    const shared = cached || (area.flags & VMA_SHARED) !== 0;
    const alone = frames.count(frame) - (cached ? 1 : 0) <= 1;
    if (tellsFrames) view.setUint32(i * ENTRY, frame, true);
    view.setUint32(i * ENTRY + 4, PRESENT | (shared ? FILE_OR_SHARED : 0) | (alone ? EXCLUSIVE : 0), true);
  }
  return new Uint8Array(view.buffer);
}
