/**
 * A kernel of real frames, pmap and page cache around a virtual memory, for tests.
 *
 * The engine is a translation buffer that keeps what it saw until it is flushed, so that a missing flush shows as a wrong
 * byte. The file system serves files made of one byte a page. Modules and their states can be exchanged between calls.
 */
import { ENOSPC } from '../abi/linux/errno.ts';
import { type Block, createDisk, SECTORS_PER_FRAME } from '../contracts/block.ts';
import type { BufferCache } from '../contracts/buffercache.ts';
import type { StateLayout } from '../contracts/contract.ts';
import type { Engine } from '../contracts/engine.ts';
import { FILL_HOLE, type FileSystem, SB_SHIFT } from '../contracts/filesystem.ts';
import { type FramesState, framesLayout } from '../contracts/frames.ts';
import { type Kernel, WAIT } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type PageCacheState, pageCacheLayout } from '../contracts/pagecache.ts';
import { PROT_WRITE, type PmapState, pmapLayout } from '../contracts/pmap.ts';
import { decode, encode } from '../contracts/schema.ts';
import type { Vfs } from '../contracts/vfs.ts';
import { SWAP_DISK, type Vm, type VmState, vmLayout } from '../contracts/vm.ts';
import { createMachine, type Machine } from '../machine/machine.ts';
import { firstFitFrames } from '../modules/frames/first-fit/module.ts';
import { demandPagecache } from '../modules/pagecache/demand/module.ts';
import { sv39Pmap } from '../modules/pmap/sv39/module.ts';

const PAGE = 4096;
export const STACK_LIMIT: number = 64 * PAGE;

/** A file whose page i holds the byte at i everywhere; a zero is a hole. */
export interface FakeFile {
  readonly inode: number;
  readonly pages: number[];
  /** `fill` and `stat` of it wait once for every call that succeeds. */
  slow: boolean;
  pins: number;
  written: Set<number>;
  full: boolean;
}

export interface FakeVmKernel {
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly states: { frames: FramesState; pmap: PmapState; pagecache: PageCacheState; vm: VmState };
  readonly files: Map<number, FakeFile>;
  addFile(pages: number[], slow?: boolean): FakeFile;
  /** Put a module in slot vm; `copy` serialises every state and reads it back into fresh instances of all modules. */
  install(module: Module<Vm, VmState>, copy: boolean): void;
  /** Load or store a byte as a program would, faults and waits included. @returns the byte, or -errno */
  access(space: number, va: number, access: number, value?: number): number;
  /** Repeat a call until it does not answer WAIT. */
  finish(call: () => number): number;
}

const reread = <T>(layout: StateLayout<T>, state: T): T => {
  const version = layout.versions.at(-1);
  if (version === undefined) throw new Error('layout without a version');
  version.schema.check(state, layout.name);
  return decode(version.schema, encode(version.schema, state)) as T;
};

function fakeFileSystem(machine: () => Machine, files: Map<number, FakeFile>): Partial<FileSystem> {
  const ready = new Set<string>();
  const isWaiting = (file: FakeFile, what: string): boolean => {
    if (!file.slow || ready.delete(`${file.inode} ${what}`)) return false;
    ready.add(`${file.inode} ${what}`);
    return true;
  };
  const file = (inode: number): FakeFile => {
    const found = files.get(inode);
    if (found === undefined) throw new Error(`no file ${inode}`);
    return found;
  };
  return {
    capabilities: () => 1,
    stat(inode, into) {
      if (isWaiting(file(inode), 'stat')) return WAIT;
      into.size = file(inode).pages.length * PAGE;
      return 0;
    },
    fill(inode, index, frame) {
      if (isWaiting(file(inode), `fill ${index}`)) return WAIT;
      const byte = file(inode).pages[index] ?? 0;
      machine().u8.fill(byte, frame * PAGE, (frame + 1) * PAGE);
      return byte === 0 ? FILL_HOLE : 0;
    },
    written(inode, offset) {
      if (file(inode).full) return -ENOSPC;
      file(inode).written.add(offset / PAGE);
      return 0;
    },
    flush: () => 0,
    refills: (inode, index) => !file(inode).written.has(index),
  };
}

/** A swap disk behind one frame that every unit passes through; each read waits once. */
function fakeSwap(machine: () => Machine, slots: number): Pick<Kernel, 'block' | 'buffercache'> {
  const stored = new Map<number, Uint8Array>();
  const read = new Set<number>();
  const frame = (): number => machine().layout.endFrame - 1;
  const content = (): Uint8Array => machine().u8.subarray(frame() * PAGE, (frame() + 1) * PAGE);
  const block: Partial<Block> = {
    find: (name) => (name === SWAP_DISK && slots > 0 ? 1 : 0),
    disk: (id) => (id === 0 ? null : { ...createDisk(), id, sectors: slots * SECTORS_PER_FRAME }),
  };
  const buffercache: Partial<BufferCache> = {
    reclaim: () => 0,
    prefetch() {},
    blank: frame,
    changed(_disk, slot) {
      stored.set(slot, content().slice());
    },
    get(_disk, slot) {
      if (!read.delete(slot)) {
        read.add(slot);
        return WAIT;
      }
      content().set(stored.get(slot) ?? new Uint8Array(PAGE));
      return frame();
    },
  };
  return { block: block as Block, buffercache: buffercache as BufferCache };
}

/** @param frames allocatable pages @param slots of the swap disk, which takes one of them; 0 = there is none */
export function fakeVmKernel(frames: number, module: Module<Vm, VmState>, slots = 0): FakeVmKernel {
  const machine = createMachine({ memoryBytes: frames * PAGE, harts: 1, contexts: 1, engineBytes: 0 }, false);
  const files = new Map<number, FakeFile>();
  // What hart 0 remembers for loads and for stores: page address to physical page.
  const buffers = { load: new Map<number, number>(), store: new Map<number, number>() };
  const engine: Partial<Engine> = {
    flushHart() {
      buffers.load.clear();
      buffers.store.clear();
    },
    flushPage(va) {
      buffers.load.delete(va);
      buffers.store.delete(va);
    },
    flushCode() {},
    invalidateFrame(frame) {
      machine.u8[machine.layout.codeMarkBase + frame] = 0;
    },
  };
  const pin = (inode: number, by: number): void => {
    const file = files.get(inode);
    if (file === undefined || file.pins + by < 0)
      throw new Error(`inode ${inode} can not be pinned by ${by}`);
    file.pins += by;
  };
  const vfs: Partial<Vfs> = {
    fileSystemOf: () => 'fake',
    pinInode: (inode) => pin(inode, 1),
    unpinInode: (inode) => pin(inode, -1),
  };
  const kernel = {
    machine,
    engine,
    vfs,
    ...fakeSwap(() => machine, slots),
    waits: { newEvent: () => 1, on() {} },
    clock: { monotonic: () => 0, arm() {} },
    ipc: {},
    filesystem: { fake: fakeFileSystem(() => machine, files) },
  } as unknown as Kernel;
  const states = {
    frames: framesLayout.create(),
    pmap: pmapLayout.create(),
    pagecache: pageCacheLayout.create(),
    vm: vmLayout.create(),
  };

  const fake: FakeVmKernel = {
    kernel,
    machine,
    states,
    files,
    addFile(pages, slow = false) {
      const inode = SB_SHIFT + files.size + 1;
      const file: FakeFile = { inode, pages, slow, pins: 0, written: new Set(), full: false };
      files.set(inode, file);
      return file;
    },
    install(next, copy) {
      if (copy) {
        states.frames = reread(framesLayout, states.frames);
        states.pmap = reread(pmapLayout, states.pmap);
        states.pagecache = reread(pageCacheLayout, states.pagecache);
        states.vm = reread(vmLayout, states.vm);
      }
      kernel.frames = firstFitFrames.create(states.frames, kernel);
      kernel.pmap = sv39Pmap.create(states.pmap, kernel);
      kernel.pagecache = demandPagecache.create(states.pagecache, kernel);
      kernel.vm = next.create(states.vm, kernel);
    },
    access(space, va, access, value) {
      kernel.pmap.activate(0, space);
      const page = va - (va % PAGE);
      const buffer = (access & PROT_WRITE) !== 0 ? buffers.store : buffers.load;
      for (let tries = 0; tries < 8; tries++) {
        const known = buffer.get(page);
        if (known !== undefined) {
          const at = known + (va % PAGE);
          if (value !== undefined) machine.u8[at] = value;
          return machine.u8[at] as number;
        }
        const physical = kernel.pmap.translate(space, page, access);
        if (physical !== 0) {
          buffer.set(page, physical);
          continue;
        }
        const result = fake.finish(() => kernel.vm.fault(space, va, access, STACK_LIMIT));
        if (result !== 0) return result;
      }
      throw new Error(`an access to ${va} of kind ${access} that never ends faulting`);
    },
    finish(call) {
      for (let tries = 0; tries < 10_000; tries++) {
        const result = call();
        if (result !== WAIT) return result;
      }
      throw new Error('a call that never ends waiting');
    },
  };
  fake.install(module, false);
  kernel.frames.adopt(machine.layout.firstFrame, machine.layout.endFrame - (slots > 0 ? 1 : 0));
  return fake;
}
