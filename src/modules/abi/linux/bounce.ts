/**
 * Frames of the kernel's own that bytes go through between two open files, and the places that they come from and go to.
 *
 * Source: sendfile(2), splice(2). Holds no state.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { createSpans, type Kernel, type Spans } from '../../../contracts/kernel.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** Frames that a copy goes through. */
const BOUNCE_FRAMES = 16;

/** @returns frames as ranges; empty if memory is exhausted */
export function allocateBounce(kernel: Kernel, bytes: number): Spans {
  const spans = createSpans();
  const wanted = Math.min(BOUNCE_FRAMES, Math.ceil(bytes / PAGE_SIZE));
  while (spans.count < wanted) {
    const frame = kernel.frames.alloc(false, 0);
    if (frame === 0) break;
    spans.address[spans.count] = frame * PAGE_SIZE;
    spans.length[spans.count++] = PAGE_SIZE;
  }
  return spans;
}

export function releaseBounce(kernel: Kernel, spans: Spans, count: number): void {
  for (let i = 0; i < count; i++) kernel.frames.unref((spans.address[i] as number) / PAGE_SIZE);
}

/** Let the ranges end after `bytes`. */
export function limitBounce(spans: Spans, frames: number, bytes: number): void {
  let left = bytes;
  spans.count = 0;
  spans.total = bytes;
  for (let i = 0; i < frames && left > 0; i++) {
    spans.length[i] = Math.min(PAGE_SIZE, left);
    left -= spans.length[i] as number;
    spans.count++;
  }
}

/** A place in an open file: an offset in user memory, or the file's own. */
export interface Position {
  readonly file: OpenFile;
  /** 0 = the file's own. */
  readonly pointer: number;
  /** As it was when the call began, under a pointer. */
  readonly start: number;
}

export function position(kernel: Kernel, tid: number, file: OpenFile, pointer: number): Position | number {
  if (pointer === 0) return { file, pointer, start: 0 };
  const error = kernel.user.readU64(tid, pointer);
  if (error !== 0) return error;
  if (kernel.user.value > Number.MAX_SAFE_INTEGER) return -EINVAL;
  return { file, pointer, start: kernel.user.value };
}

export const offsetOf = (at: Position, done: number): number =>
  at.pointer === 0 ? at.file.offset : at.start + done;
