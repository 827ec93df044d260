/**
 * A kernel just big enough to stand behind the vfs in a unit test.
 *
 * On top of the fake of the file systems: processes with ids and places that the test sets, waits whose progress the test
 * hands back, user buffers as ranges of odd lengths. Pipes and terminals are what the test puts in.
 */
import type { FileSystem } from '../contracts/filesystem.ts';
import { createSpans, type Kernel, type Spans } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import {
  type Credentials,
  createCredentials,
  createPlace,
  createThread,
  createThreadGroup,
  type Place,
  type Thread,
  type ThreadGroup,
} from '../contracts/process.ts';
import { decode, encode, type Schema } from '../contracts/schema.ts';
import type { Vfs, VfsState } from '../contracts/vfs.ts';
import { type FakeFsKernel, fakeFsKernel } from './fake-fs-kernel.ts';

const PAGE = 4096;
/** The one process of most tests. */
export const TID = 1;

export interface FakeProcess {
  readonly thread: Thread;
  readonly group: ThreadGroup;
  readonly credentials: Credentials;
  readonly place: Place;
  /** Bits of CAP_ numbers. */
  capabilities: Set<number>;
}

export interface FakeVfs {
  readonly fs: FakeFsKernel;
  readonly kernel: Kernel;
  readonly processes: Map<number, FakeProcess>;
  readonly progress: number[];
  readonly waiting: { interrupted: boolean; restart: string };
  state: VfsState;
  vfs(): Vfs;
  /** Send the state through bytes into a fresh instance, as a replacement does. */
  transfer(): void;
  /** Mount the root and begin process 1 there. */
  boot(type: string): number;
  addProcess(tid: number): FakeProcess;
  become(tid: number, uid: number, gid: number, groups?: number[]): void;
}

/** All that root may do. */
const EVERYTHING: readonly number[] = Array.from({ length: 41 }, (_, i) => i);

export function fakeVfs(
  module: Module<Vfs, VfsState>,
  fileSystems: Record<string, (kernel: Kernel) => FileSystem>,
  parts: (kernel: Kernel) => Partial<Kernel> = () => ({}),
  frames = 512,
): FakeVfs {
  const fs = fakeFsKernel(frames);
  const processes = new Map<number, FakeProcess>();
  const progress: number[] = [];
  const waiting = { interrupted: false, restart: 'disk' };
  const of = (tid: number): FakeProcess => {
    const found = processes.get(tid);
    if (found === undefined) throw new Error(`no process ${tid}`);
    return found;
  };
  const { kernel } = fs;
  Object.assign(kernel, {
    process: {
      groups: () => [...processes.values()].map(({ group }) => group),
      thread: (tid: number) => of(tid).thread,
      group: (tid: number) => of(tid).group,
      credentials: (tid: number) => of(tid).credentials,
      place: (tid: number) => of(tid).place,
      capable: (tid: number, capability: number) => of(tid).capabilities.has(capability),
    },
    waits: {
      ...kernel.waits,
      restart(as: string) {
        waiting.restart = as;
      },
      progress: () => progress,
      keep(kept: number[]) {
        progress.splice(0, progress.length, ...kept);
      },
      interrupted: () => waiting.interrupted,
    },
  });
  Object.assign(kernel, parts(kernel));

  const schema = module.layout.versions.at(-1)?.schema as Schema<VfsState>;
  const fake: FakeVfs = {
    fs,
    kernel,
    processes,
    progress,
    waiting,
    state: module.layout.create(),
    vfs: () => kernel.vfs,
    transfer() {
      schema.check(fake.state, 'vfs');
      const broken = module.layout.verify?.(fake.state) ?? null;
      if (broken !== null) throw new Error(broken);
      fake.state = decode(schema, encode(schema, fake.state).slice());
      kernel.vfs = module.create(fake.state, kernel);
    },
    boot(type) {
      const root = kernel.vfs.mountRoot(type, '', '');
      if (root < 0) throw new Error(`no root: ${root}`);
      fs.types.set(1, type);
      const { place } = fake.addProcess(TID);
      place.root = root;
      place.cwd = root;
      kernel.vfs.holdDentry(root);
      kernel.vfs.holdDentry(root);
      return root;
    },
    addProcess(tid) {
      const process: FakeProcess = {
        thread: Object.assign(createThread(), { tid, tgid: tid }),
        group: Object.assign(createThreadGroup(), { tgid: tid }),
        credentials: createCredentials(),
        place: createPlace(),
        capabilities: new Set(EVERYTHING),
      };
      process.credentials.permittedLow = -1;
      process.group.limits.fill(Number.POSITIVE_INFINITY);
      processes.set(tid, process);
      return process;
    },
    become(tid, uid, gid, groups = []) {
      const process = of(tid);
      Object.assign(process.credentials, { uid, euid: uid, suid: uid, fsuid: uid });
      Object.assign(process.credentials, { gid, egid: gid, sgid: gid, fsgid: gid, groups });
      process.capabilities = new Set(uid === 0 ? EVERYTHING : []);
    },
  };
  for (const [type, create] of Object.entries(fileSystems)) fs.cells[type] = create(kernel);
  kernel.vfs = module.create(fake.state, kernel);
  return fake;
}

/** A user buffer that holds these bytes, in ranges of at most `piece` bytes that begin at odd addresses. */
export function userBuffer(fake: FakeVfs, bytes: Uint8Array, piece = 1000): Spans {
  const spans = createSpans();
  for (let at = 0; at < bytes.length; at += piece) {
    const part = bytes.subarray(at, at + piece);
    const frame = fake.kernel.frames.alloc(true, 0);
    if (frame === 0) throw new Error('no frame for a user buffer');
    const address = frame * PAGE + 1 + (at % 7);
    fake.kernel.machine.u8.set(part, address);
    spans.address[spans.count] = address;
    spans.length[spans.count++] = part.length;
    spans.total += part.length;
  }
  return spans;
}

/** Give the buffer back. @returns its first `count` bytes */
export function takeBuffer(fake: FakeVfs, spans: Spans, count: number): Uint8Array {
  const bytes = new Uint8Array(spans.total);
  let at = 0;
  for (let i = 0; i < spans.count; i++) {
    const address = spans.address[i] as number;
    const length = spans.length[i] as number;
    bytes.set(fake.kernel.machine.u8.subarray(address, address + length), at);
    at += length;
    fake.kernel.frames.unref(Math.floor(address / PAGE));
  }
  return bytes.subarray(0, count);
}
