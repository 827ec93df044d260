/**
 * A kernel with disks: the fake of the file systems, and modules of `block` and `buffercache` on it.
 *
 * Host files are byte arrays; their requests wait until the test has them answered. Timers expire when the test lets time
 * pass. State can be sent through bytes, into other modules of the same layout too.
 */
import { EIO } from '../abi/linux/errno.ts';
import { type Block, type BlockState, SECTOR } from '../contracts/block.ts';
import type { BufferCache, BufferCacheState } from '../contracts/buffercache.ts';
import type { HostRequest, HostResult } from '../contracts/host.ts';
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { decode, encode, type Schema } from '../contracts/schema.ts';
import { type FakeFsKernel, fakeFsKernel } from './fake-fs-kernel.ts';

export interface DiskModules {
  readonly block: Module<Block, BlockState>;
  readonly buffercache: Module<BufferCache, BufferCacheState>;
}

export interface FakeDisks {
  readonly fake: FakeFsKernel;
  readonly kernel: Kernel;
  readonly time: { ns: number };
  /** Every completion that `block` told of. */
  readonly completions: (readonly [tag: number, errno: number])[];
  readonly blockState: BlockState;
  readonly bufferState: BufferCacheState;
  /** Requests to the host, by kind, in order. */
  readonly log: HostRequest[];
  /** From now on the host fails requests of these kinds with EIO. */
  failing: ReadonlySet<HostRequest['kind']>;
  /** @returns the disk's id */
  addDisk(
    name: string,
    store: 'ram' | 'host',
    image: Uint8Array,
    readOnly?: boolean,
    timed?: boolean,
  ): number;
  /** What a host file holds. */
  file(disk: number): Uint8Array;
  /** Answer the first request to the host. @returns false if there is none */
  answer(): boolean;
  /** Let time pass to the next timer. @returns false if there is none */
  pass(): boolean;
  /** Whatever can go on goes on, but for the timer of the write-back. */
  settle(): void;
  /** Send both states through bytes, into these modules. */
  transfer(modules?: DiskModules): void;
}

/** Through bytes, as a replacement does it; the invariants are checked. */
function copied<State>(module: Module<object, State>, state: State): State {
  const schema = module.layout.versions.at(-1)?.schema as Schema<State>;
  schema.check(state, module.layout.name);
  const broken = module.layout.verify?.(state) ?? null;
  if (broken !== null) throw new Error(broken);
  return decode(schema, encode(schema, state).slice());
}

/** @param buffers in place of a buffer cache that only records completions */
export function fakeDisks(modules: DiskModules, frames = 1024, buffers = true): FakeDisks {
  const fake = fakeFsKernel(frames);
  const files = new Map<number, Uint8Array>();
  const timers = new Map<
    string,
    { readonly kind: string; readonly target: number; readonly deadline: number }
  >();
  const time = { ns: 0 };
  let now = modules;
  let blockState = modules.block.layout.create();
  let bufferState = modules.buffercache.layout.create();
  const { kernel } = fake;
  const keyOf = (kind: string, target: number): string => `${kind} ${target}`;
  Object.assign(kernel.clock, {
    monotonic: () => time.ns,
    arm: (kind: string, target: number, deadline: number) =>
      timers.set(keyOf(kind, target), { kind, target, deadline }),
    disarm: (kind: string, target: number) => timers.delete(keyOf(kind, target)),
    deadline: (kind: string, target: number) => timers.get(keyOf(kind, target))?.deadline ?? -1,
  });

  const create = (): void => {
    const buffercache = buffers
      ? now.buffercache.create(bufferState, kernel)
      : { completed: () => undefined };
    const completed = buffercache.completed as BufferCache['completed'];
    const told = (tag: number, errno: number): void => {
      disks.completions.push([tag, errno]);
      completed(tag, errno);
    };
    const block = now.block.create(blockState, kernel);
    Object.assign(kernel, { block, buffercache: { ...buffercache, completed: told } });
  };

  const perform = (request: HostRequest): HostResult => {
    if (request.kind === 'input' || disks.failing.has(request.kind)) return { errno: -EIO };
    const file = files.get(request.grant) as Uint8Array;
    if (request.kind === 'read')
      return { errno: 0, bytes: file.slice(request.offset, request.offset + request.length) };
    if (request.kind === 'write') file.set(request.bytes, request.offset);
    return { errno: 0 };
  };

  const expire = (timer: {
    readonly kind: string;
    readonly target: number;
    readonly deadline: number;
  }): void => {
    timers.delete(keyOf(timer.kind, timer.target));
    time.ns = Math.max(time.ns, timer.deadline);
    if (timer.kind === 'block') kernel.block.expired(timer.target);
    else kernel.buffercache.expired();
  };
  const soonest = (kind: string | null) =>
    [...timers.values()]
      .filter((timer) => kind === null || timer.kind === kind)
      .sort((a, b) => a.deadline - b.deadline)[0];

  const disks: FakeDisks = {
    fake,
    kernel,
    time,
    completions: [],
    get blockState() {
      return blockState;
    },
    get bufferState() {
      return bufferState;
    },
    log: [],
    failing: new Set(),
    addDisk(name, store, image, readOnly = false, timed = false) {
      const sectors = Math.floor(image.length / SECTOR);
      const grant = store === 'host' ? files.size : -1;
      if (store === 'host') files.set(grant, image.slice());
      const id = kernel.block.addDisk({ name, sectors, readOnly, store, grant, timed });
      const disk = blockState.disks.get(id);
      for (let at = 0; disk !== undefined && store === 'ram' && at < image.length; at += 4096) {
        const bytes = image.subarray(at, at + 4096);
        if (bytes.every((byte) => byte === 0)) continue;
        const frame = kernel.frames.alloc(true, 0);
        kernel.machine.u8.set(bytes, frame * 4096);
        disk.frames.set(at / 4096, frame);
      }
      return id;
    },
    file: (disk) => files.get(blockState.disks.get(disk)?.grant ?? -1) as Uint8Array,
    answer() {
      const [first] = fake.requests;
      if (first === undefined) return false;
      fake.requests.delete(first[0]);
      disks.log.push(first[1]);
      kernel.block.completed(first[0], perform(first[1]));
      return true;
    },
    pass() {
      const next = soonest(null);
      if (next !== undefined) expire(next);
      return next !== undefined;
    },
    settle() {
      for (let more = true; more; ) {
        more = disks.answer();
        const timer = soonest('block');
        if (timer !== undefined) expire(timer);
        more ||= timer !== undefined;
      }
    },
    transfer(to = now) {
      now = to;
      blockState = copied(to.block, blockState);
      bufferState = copied(to.buffercache, bufferState);
      create();
    },
  };
  create();
  return disks;
}
