/**
 * The digest can fail: modules that lose one piece of their state, planted in the middle of a run.
 *
 * Each wraps the real module and does its damage when it is created, as a module would whose state is not complete. The
 * program (fixtures/planted.c) says what it finds of each piece behind the replacement, so that a test can name the one
 * line that the damage changes. What a layout's `verify` knows to be broken never gets that far.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EACCES, ENOENT } from '../../src/abi/linux/errno.ts';
import { waitsOf } from '../../src/api/waits.ts';
import type { AbiState } from '../../src/contracts/abi.ts';
import type { BlockState } from '../../src/contracts/block.ts';
import { type BufferCacheState, UNITS_PER_DISK } from '../../src/contracts/buffercache.ts';
import type { ClockState } from '../../src/contracts/clock.ts';
import type { FileSystem } from '../../src/contracts/filesystem.ts';
import type { FramesState } from '../../src/contracts/frames.ts';
import type { IpcState } from '../../src/contracts/ipc.ts';
import type { NetState } from '../../src/contracts/net.ts';
import type { Kernel } from '../../src/contracts/kernel.ts';
import type { PageCacheState } from '../../src/contracts/pagecache.ts';
import { EXTRACT_FRAME_SHIFT, type PmapState, PROT_READ, PROT_WRITE } from '../../src/contracts/pmap.ts';
import type { ProcessState, ThreadGroup } from '../../src/contracts/process.ts';
import type { TtyState } from '../../src/contracts/tty.ts';
import type { VfsState } from '../../src/contracts/vfs.ts';
import type { Space, VmState } from '../../src/contracts/vm.ts';
import type { TreeInode } from '../../src/lib/inode-tree.ts';
import type { TreeState } from '../../src/lib/tree-state.ts';
import { CTX_RETIRED, CTX_X, HART_CONTEXT } from '../../src/machine/layout.ts';
import { hartAddress } from '../../src/machine/machine.ts';
import type { Ext2State } from '../../src/modules/filesystem/ext2/state.ts';
import type { HostState } from '../../src/modules/filesystem/host/state.ts';
import type { ProcState } from '../../src/modules/filesystem/proc/state.ts';
import type { TarState } from '../../src/modules/filesystem/tar/state.ts';
import type { TimeSharingState } from '../../src/modules/scheduler/time-sharing/state.ts';
import type { Nucleus } from '../../src/nucleus/nucleus.ts';
import type { AnyModule, Operations } from '../../src/nucleus/registry.ts';
import { haveE2fsprogs, makeImage } from '../support/e2fsprogs.ts';
import { type RigRun, runRig } from '../support/rig.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const haveCompiler =
  haveE2fsprogs && spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;
const PAGE = 4096;
/** Id of the disk without a file system. */
const RAW_DISK = 2;
const SP = 2;

let folder = '';
let root = '';
let plain: RigRun;

beforeAll(async () => {
  if (!haveCompiler) return;
  folder = mkdtempSync(path.join(tmpdir(), 'planted-'));
  root = path.join(folder, 'root');
  for (const name of ['mnt', 'tmp']) mkdirSync(path.join(root, name), { recursive: true });
  for (const name of ['removed', 'changed']) writeFileSync(path.join(root, name), 'below');
  const source = path.join(import.meta.dirname, 'fixtures/planted.c');
  const to = path.join(root, 'planted');
  const { status, stderr } = spawnSync(COMPILER, ['-static', '-O1', '-w', '-o', to, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  plain = await play(null);
});
afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

/** Run the program; `act` once, while its first process sleeps. */
async function play(act: ((nucleus: Nucleus) => void) | null): Promise<RigRun> {
  const host = mkdtempSync(path.join(folder, 'host-'));
  writeFileSync(path.join(host, 'file'), 'short');
  const image = path.join(host, 'disk.img');
  makeImage(image, 512);
  writeFileSync(path.join(host, 'member'), 'a member');
  const archive = path.join(folder, 'planted.tar');
  execFileSync('tar', ['-C', host, '-cf', archive, 'member']);
  rmSync(path.join(host, 'member'));
  let due = act;
  const run = await runRig(['/planted'], {
    root,
    mounts: [
      { host, guest: '/mnt' },
      { disk: 'vda', guest: '/disk' },
      { archive, guest: '/tar' },
    ],
    disks: [
      { name: 'vda', file: image },
      { name: 'vdb', ram: 1 << 20 },
    ],
    atBoundary(nucleus) {
      if (due === null) return;
      const main = mainOf(nucleus.kernel)?.tgid;
      if (!waitsOf(nucleus).some(({ pid, call }) => pid === main && call === 'clock_nanosleep')) return;
      const now = due;
      due = null;
      now(nucleus);
    },
  });
  expect(due, 'the program slept').toBe(null);
  return run;
}

// What a damage aims at. Groups are in order of their birth: init, the program, its reader, its spinner.
const groupOf = (kernel: Kernel, index: number): ThreadGroup | undefined =>
  [...kernel.process.groups()][index];
const mainOf = (kernel: Kernel): ThreadGroup | undefined => groupOf(kernel, 1);
const mainIn = (state: ProcessState): ThreadGroup => found([...state.groups.values()][1]);
const spinnerIn = (state: ProcessState): ThreadGroup => found([...state.groups.values()][3]);

function found<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('the damage finds nothing to do');
  return value;
}

const spaceIn = (state: VmState, kernel: Kernel): Space =>
  found(state.spaces.get(found(mainOf(kernel)).space));

const textAt = ({ machine }: Kernel, frame: number, length: number): string =>
  String.fromCharCode(...machine.u8.subarray(frame * PAGE, frame * PAGE + length));

/** The inode of a tree whose file is called so. */
function inodeNamed(state: TreeState, name: string): TreeInode {
  for (const { inodes } of state.trees.values()) {
    for (const directory of inodes.values()) {
      const entry = directory.children?.get(name);
      const inode = entry === undefined ? undefined : inodes.get(entry.ino);
      if (inode !== undefined) return inode;
    }
  }
  throw new Error(`no tree has ${name}`);
}

interface Plant {
  readonly cell: string;
  readonly loses: string;
  /** Does it to the state before the module is created. */
  readonly damage?: (state: never, kernel: Kernel) => void;
  /** Does it through the operations of the new instance. */
  readonly wrap?: (operations: never, kernel: Kernel) => void;
  /** Lines that the program says instead of those with the same first word; none: its output is the same. */
  readonly says: readonly string[];
  /** The kernel itself gives up, with this message. */
  readonly fails?: RegExp;
  /** wait(2) status in place of 0. */
  readonly status?: number;
}

const PLANTS: readonly Plant[] = [
  {
    cell: 'engine',
    loses: 'one instruction of the count',
    wrap(operations: { run: (hart: number, budget: number) => number }, { machine }) {
      const { run } = operations;
      let lost = false;
      operations.run = (hart, budget) => {
        const cause = run(hart, budget);
        if (!lost) {
          const at = machine.u32[(hartAddress(machine.layout, hart) + HART_CONTEXT) >>> 2] as number;
          machine.u32[(at + CTX_RETIRED) >>> 2] = (machine.u32[(at + CTX_RETIRED) >>> 2] as number) - 1;
        }
        lost = true;
        return cause;
      };
    },
    says: [],
  },
  {
    cell: 'engine',
    loses: 'a register',
    wrap(operations: { run: (hart: number, budget: number) => number }, { machine }) {
      const { run } = operations;
      let lost = false;
      operations.run = (hart, budget) => {
        const at = machine.u32[(hartAddress(machine.layout, hart) + HART_CONTEXT) >>> 2] as number;
        if (!lost) machine.u32[(at + CTX_X + 8 * SP) >>> 2] = 0;
        lost = true;
        return run(hart, budget);
      };
    },
    // The reader's stack pointer it was: it dies of a fault before it has said anything.
    says: ['copy', 'flock', 'spinner stands'],
  },
  {
    cell: 'frames',
    loses: 'one of two references to a page',
    damage({ counts, first }: FramesState, kernel) {
      const magic = 'a page of which a copy on write is due\0';
      const at = counts.findIndex(
        (count, i) => count === 2 && textAt(kernel, first + i, magic.length) === magic,
      );
      expect(at).toBeGreaterThan(0);
      counts[at] = 1;
    },
    // The last of the two to exit then gives back what it does not have.
    says: ['copy lost'],
    fails: /has no references/,
  },
  {
    cell: 'pmap',
    loses: 'one mapping',
    wrap(operations: Kernel['pmap'], kernel) {
      const { space } = found(mainOf(kernel));
      for (const { start, end } of kernel.vm.areas(space)) {
        for (let va = start; va < end; va += PAGE) {
          const frame = operations.extract(space, va) >>> EXTRACT_FRAME_SHIFT;
          if (textAt(kernel, frame, 4) !== '\0\x05\x0a\x0f') continue;
          operations.remove(space, va);
          return;
        }
      }
      throw new Error('the page is not mapped');
    },
    says: ['memory damaged'],
  },
  {
    cell: 'pmap',
    loses: 'the root of an address space',
    damage: ({ roots }: PmapState, kernel) => found(roots.delete(found(groupOf(kernel, 3)).space) || null),
    says: [],
    fails: /has no page tables/,
  },
  {
    cell: 'clock',
    loses: 'that the time of day was set',
    damage: (state: ClockState) => {
      state.realtimeSeconds = 0;
    },
    says: ['day lost'],
  },
  {
    cell: 'clock',
    loses: 'an interval timer',
    damage: ({ timers }: ClockState) => {
      found(
        timers.splice(
          timers.findIndex(({ kind }) => kind === 'itimer'),
          1,
        )[0],
      );
    },
    says: [],
    fails: /nothing can wake one/,
  },
  {
    cell: 'clock',
    loses: 'the last digits of a deadline',
    damage: ({ timers }: ClockState) => {
      const timer = found(timers.find(({ kind }) => kind === 'itimer'));
      timer.deadline = Math.ceil(timer.deadline / 1e9) * 1e9;
    },
    says: ['alarm late'],
  },
  {
    cell: 'scheduler',
    loses: 'a runnable thread',
    damage({ threads, queues }: TimeSharingState) {
      const spinner = found(threads.get(Math.max(...threads.keys())));
      found(spinner.runnable || null);
      queues[spinner.level]?.delete(spinner.tid);
      spinner.runnable = false;
    },
    says: [],
    fails: /nothing can wake one/,
  },
  {
    cell: 'process',
    loses: 'a pending signal',
    damage: (state: ProcessState) => {
      const main = mainIn(state);
      const thread = found(state.threads.get(main.tgid));
      found(thread.pending.shift() ?? main.pending.shift());
    },
    says: ['pending 0'],
  },
  {
    cell: 'process',
    loses: 'a close-on-exec flag',
    damage: (state: ProcessState) => {
      const { entries } = found(state.fileTables.get(mainIn(state).files));
      found([...entries.values()].find(({ closeOnExec }) => closeOnExec)).closeOnExec = false;
    },
    says: ['closing 0'],
  },
  {
    cell: 'process',
    loses: 'the umask',
    damage: (state: ProcessState) => {
      found(state.places.get(mainIn(state).place)).umask = 0o22;
    },
    says: ['umask 022'],
  },
  {
    cell: 'process',
    loses: 'a signal handler',
    damage: (state: ProcessState) => {
      found(found(state.handlers.get(mainIn(state).handlers)).actions.delete(12) || null);
    },
    says: ['handled'],
    status: 12,
  },
  {
    cell: 'process',
    loses: 'a child',
    damage: (state: ProcessState) => {
      const { children } = mainIn(state);
      children.splice(children.indexOf(spinnerIn(state).tgid), 1);
    },
    says: [],
  },
  {
    cell: 'pagecache',
    loses: 'a page',
    damage(state: PageCacheState, kernel) {
      for (const pages of state.files.values()) {
        for (const [index, frame] of pages) {
          if (!textAt(kernel, frame, 32).startsWith('the content of a file')) continue;
          pages.delete(index);
          state.pages--;
          return;
        }
      }
      throw new Error('the page is not in the cache');
    },
    says: ['content '],
  },
  {
    cell: 'vm',
    loses: 'the protection of an area',
    damage: (state: VmState, kernel) => {
      const { vmas } = spaceIn(state, kernel);
      const guarded = ({ start, end, prot, inode }: (typeof vmas)[number]): boolean =>
        prot === PROT_READ && inode === 0 && end - start === PAGE;
      for (const vma of vmas.filter(guarded)) vma.prot = PROT_READ | PROT_WRITE;
    },
    says: ['guard open'],
  },
  {
    cell: 'vm',
    loses: 'a page of the heap',
    damage: (state: VmState, kernel) => {
      spaceIn(state, kernel).brk -= PAGE;
    },
    says: ['heap cut'],
  },
  {
    cell: 'ipc',
    loses: 'a byte in a pipe',
    damage: ({ pipes }: IpcState) => {
      found([...pipes.values()].find(({ used }) => used === 10)).used--;
    },
    says: ['pipe 9 012345678'],
  },
  {
    cell: 'ipc',
    loses: 'the count of an eventfd',
    damage: ({ notifiers }: IpcState) => {
      found([...notifiers.eventfds.values()].find(({ low }) => low === 7)).low = 0;
    },
    says: ['counter 0'],
  },
  {
    cell: 'ipc',
    loses: 'the value of a semaphore',
    damage: ({ semaphores }: IpcState) => {
      for (const set of semaphores.sets.values()) found(set.semaphores[0]).value--;
    },
    says: ['semaphore 6'],
  },
  {
    cell: 'ipc',
    loses: 'a message in a queue',
    damage: ({ messageQueues }: IpcState) => {
      for (const queue of messageQueues.queues.values()) {
        queue.messages = [];
        queue.bytes = 0;
      }
    },
    says: ['letter -1 '],
  },
  {
    cell: 'ipc',
    loses: 'what an epoll is to tell',
    damage: ({ notifiers }: IpcState) => {
      for (const { watches, ready } of notifiers.epolls.values()) {
        ready.clear();
        for (const watch of watches.values()) watch.events = 0;
      }
    },
    says: ['watched 0'],
  },
  {
    cell: 'ipc',
    loses: 'a datagram',
    damage: ({ sockets }: IpcState) => {
      const socket = found([...sockets.sockets.values()].find(({ queue }) => queue.length > 0));
      const { charge, sender } = found(socket.queue.shift());
      socket.held -= charge;
      sockets.held -= charge;
      found(sockets.sockets.get(sender)).charged -= charge;
    },
    says: ['message -1 '],
  },
  {
    cell: 'net',
    loses: 'a byte in flight',
    damage: ({ sockets }: NetState) => {
      const socket = found([...sockets.sockets.values()].find(({ held }) => held === 9));
      const packet = found(socket.queue[0]);
      packet.end--;
      packet.charge--;
      socket.held--;
      sockets.held--;
      found(sockets.sockets.get(packet.sender)).charged--;
    },
    says: ['socket 8 in fligh'],
  },
  {
    cell: 'tty',
    loses: 'a typed character',
    damage: ({ terminals }: TtyState) => {
      const terminal = found([...terminals.values()].find(({ input }) => input.length > 0));
      terminal.input.shift();
      terminal.lines = terminal.lines.map((length) => length - 1);
    },
    says: ['terminal 5'],
  },
  {
    cell: 'block',
    loses: 'a part of a disk in memory',
    damage: ({ disks }: BlockState) => {
      found(found(disks.get(RAW_DISK)).frames.delete(2) || null);
    },
    says: ['disk '],
  },
  {
    cell: 'buffercache',
    loses: 'a unit that was not yet written',
    damage: (state: BufferCacheState) => {
      const key = RAW_DISK * UNITS_PER_DISK;
      for (const list of [state.recent, state.frequent]) list.delete(key);
      found(state.dirty.delete(key) || null);
      found(state.buffers.delete(key) || null);
    },
    says: ['buffer '],
  },
  {
    cell: 'filesystem:ext2',
    loses: 'that a file without a name is held',
    damage: ({ mounts }: Ext2State) => {
      const { orphans } = found([...mounts.values()][0]);
      found(orphans.size === 1 || null);
      orphans.clear();
    },
    says: ['nameless EUCLEAN'],
  },
  {
    cell: 'filesystem:tar',
    loses: 'the end of a member',
    damage: ({ mounts }: TarState) => {
      const { inodes } = found([...mounts.values()][0]);
      found([...inodes.values()].find(({ children }) => children === null)).size = 4;
    },
    says: ['archive a me'],
  },
  {
    cell: 'filesystem:ram',
    loses: 'the end of a file',
    damage: (state: TreeState) => {
      inodeNamed(state, 'file').size = 11;
    },
    says: ['content the content'],
  },
  {
    cell: 'filesystem:ram',
    loses: 'the mode of a directory',
    damage: (state: TreeState) => {
      const inode = inodeNamed(state, 'folder');
      inode.mode = (inode.mode & ~0o7777) | 0o755;
    },
    says: ['folder 755'],
  },
  {
    cell: 'filesystem:host',
    loses: 'that a file grew',
    damage: (state: HostState) => {
      inodeNamed(state, 'file').size = 5;
    },
    says: ['host longe'],
  },
  {
    cell: 'filesystem:overlay',
    loses: 'what a file became above the lower side',
    damage: (state: TreeState) => {
      inodeNamed(state, 'changed').size = 5;
    },
    says: ['changed chang'],
  },
  {
    cell: 'filesystem:dev',
    loses: 'the mode of a device',
    damage: (state: TreeState) => {
      const inode = inodeNamed(state, 'null');
      inode.mode = (inode.mode & ~0o7777) | 0o666;
    },
    says: ['device 666'],
  },
  {
    cell: 'filesystem:proc',
    loses: 'what was written to a file',
    damage: ({ oomAdjustments }: ProcState) => oomAdjustments.clear(),
    says: ['score 0'],
  },
  {
    // What it keeps is whether it is mounted, which no guest sees: a name is lost in its place.
    cell: 'filesystem:sys',
    loses: 'a name',
    wrap(operations: FileSystem) {
      const { lookup } = operations;
      operations.lookup = (tid, directory, name) =>
        name === 'kernel' ? -ENOENT : lookup(tid, directory, name);
    },
    says: ['system ENOENT'],
  },
  {
    cell: 'vfs',
    loses: 'an offset',
    damage: ({ files }: VfsState) => {
      found([...files.values()].find(({ offset, kind }) => offset === 4 && kind === 'regular')).offset = 0;
    },
    says: ['offset 0'],
  },
  {
    cell: 'vfs',
    loses: 'a lock',
    damage: ({ locks }: VfsState) => {
      found(locks.shift());
    },
    says: ['flock done'],
  },
  {
    // Its state is counts that no guest sees, so it is behaviour that is planted.
    cell: 'abi',
    loses: 'the number of an error',
    wrap(operations: Kernel['abi']) {
      const { syscall } = operations;
      operations.syscall = (tid) => {
        const result = syscall(tid);
        return result === -ENOENT ? -EACCES : result;
      };
    },
    says: ['missing EACCES', 'removed EACCES'],
  },
];

interface Broken {
  readonly cell: string;
  readonly what: string;
  readonly damage: (state: never, kernel: Kernel) => void;
  readonly reason: RegExp;
}

const linked = (state: TreeState): void => {
  for (const { inodes } of state.trees.values()) found(inodes.get(1)).links++;
};
const LINKS = /directory 1 has \d+ links instead of/;

/** What the invariants of the layouts, or their schemas where there are none to say, know to be wrong. */
const BROKEN: readonly Broken[] = [
  {
    cell: 'engine',
    what: 'a field that the state does not have',
    damage: (state: Record<string, unknown>) => Object.assign(state, { cache: 1 }),
    reason: /engine\.cache: expected no such field/,
  },
  {
    cell: 'frames',
    what: 'a miscounted frame',
    damage: (state: FramesState) => state.used--,
    reason: /frames have references but/,
  },
  {
    cell: 'pmap',
    what: 'a hart that runs what has no tables',
    damage: ({ roots, active }: PmapState) => roots.delete(found(active[0])),
    reason: /which has no root/,
  },
  {
    cell: 'clock',
    what: 'an unsorted queue',
    damage: ({ timers }: ClockState) => timers.reverse(),
    reason: /out of order/,
  },
  {
    cell: 'scheduler',
    what: 'a thread in no queue',
    damage: ({ queues }: TimeSharingState) => {
      for (const queue of queues) queue.clear();
    },
    reason: /is in the wrong queue/,
  },
  {
    cell: 'process',
    what: 'a thread without a process',
    damage: (state: ProcessState) => state.groups.delete(spinnerIn(state).tgid),
    reason: /which does not exist/,
  },
  {
    cell: 'pagecache',
    what: 'a miscounted page',
    damage: (state: PageCacheState) => state.pages++,
    reason: /pages are cached but/,
  },
  {
    cell: 'vm',
    what: 'two areas in one place',
    damage: (state: VmState, kernel) => {
      const [first, second] = spaceIn(state, kernel).vmas;
      found(second).start = found(first).start;
    },
    reason: /overlapping areas/,
  },
  {
    cell: 'ipc',
    what: 'a pipe with more bytes than it holds',
    damage: ({ pipes }: IpcState) => {
      for (const pipe of pipes.values()) pipe.used = pipe.buffer.length + 1;
    },
    reason: /overflows its buffer/,
  },
  {
    cell: 'ipc',
    what: 'a message queue that counts more than it holds',
    damage: ({ messageQueues }: IpcState) => {
      for (const queue of messageQueues.queues.values()) queue.bytes++;
    },
    reason: /holds \d+ bytes but counts/,
  },
  {
    cell: 'ipc',
    what: 'an epoll that a file does not know of',
    damage: ({ notifiers }: IpcState) => notifiers.watchers.clear(),
    reason: /which does not know it/,
  },
  {
    cell: 'net',
    what: 'a socket that counts more than it holds',
    damage: ({ sockets }: NetState) => {
      for (const socket of sockets.sockets.values()) socket.held++;
    },
    reason: /holds \d+ but counts/,
  },
  {
    cell: 'tty',
    what: 'half a column',
    damage: ({ terminals }: TtyState) => {
      for (const terminal of terminals.values()) terminal.column = 0.5;
    },
    reason: /column: expected a safe integer/,
  },
  {
    cell: 'block',
    what: 'a disk that serves nothing',
    damage: ({ disks }: BlockState) => {
      found(disks.get(RAW_DISK)).active = 99;
    },
    reason: /serves request 99, which is gone/,
  },
  {
    cell: 'buffercache',
    what: 'units in no list',
    damage: ({ recent }: BufferCacheState) => recent.clear(),
    reason: /units are kept but \d+ are listed/,
  },
  {
    cell: 'filesystem:ext2',
    what: 'an inode that nobody holds',
    damage: ({ mounts }: Ext2State) => found([...mounts.values()][0]).pins.set(2, 0),
    reason: /inode 2 of superblock \d+ is held 0 times/,
  },
  {
    cell: 'filesystem:tar',
    what: 'a member without a name',
    damage: ({ mounts }: TarState) => {
      found(found([...mounts.values()][0]).inodes.get(2)).links = 0;
    },
    reason: /inode 2 of superblock \d+ has 0 links/,
  },
  { cell: 'filesystem:ram', what: 'a link too many', damage: linked, reason: LINKS },
  { cell: 'filesystem:host', what: 'a link too many', damage: linked, reason: LINKS },
  { cell: 'filesystem:overlay', what: 'a link too many', damage: linked, reason: LINKS },
  { cell: 'filesystem:dev', what: 'a link too many', damage: linked, reason: LINKS },
  {
    cell: 'filesystem:proc',
    what: 'a number for a text',
    damage: (state: ProcState) => Object.assign(state, { bootId: 5 }),
    reason: /bootId: expected a string/,
  },
  {
    cell: 'filesystem:sys',
    what: 'a text for a number',
    damage: ({ mounted }: { readonly mounted: Set<unknown> }) => mounted.add('sys'),
    reason: /mounted item: expected a safe integer/,
  },
  {
    cell: 'vfs',
    what: 'a name that leads nowhere',
    damage: ({ names }: VfsState) => names.set(1, new Map([['lost', 1_000_000]])),
    reason: /leads to no dentry/,
  },
  {
    cell: 'abi',
    what: 'half a call',
    damage: ({ calls }: AbiState) => calls.set(63, 0.5),
    reason: /calls\[63\]: expected a safe integer/,
  },
];

/** The real module with the damage done whenever it is created. */
function planted(real: AnyModule, { damage, wrap }: Plant): AnyModule {
  return {
    ...real,
    create(state, kernel): Operations {
      damage?.(state as never, kernel);
      const operations = { ...real.create(state, kernel) };
      wrap?.(operations as never, kernel);
      return operations;
    },
  };
}

/** The plain run's output with some lines said otherwise, or `word` alone for a line that is missing. */
function output(says: readonly string[]): string {
  const others = new Map(says.map((line) => [line.split(' ')[0], line]));
  return plain.stdout
    .split('\n')
    .map((line) => others.get(line.split(' ')[0]) ?? line)
    .filter((line) => line === '' || line.includes(' '))
    .join('\n');
}

describe.skipIf(!haveCompiler)('a planted module', () => {
  it('is none: replaced by itself each cell leaves the run as it is', async () => {
    expect([plain.status, plain.failure]).toEqual([0, '']);
    const run = await play((nucleus) => {
      for (const transfer of ['move', 'copy'] as const) {
        for (const { module } of nucleus.cells.all()) {
          const same = planted(module, { cell: '', loses: '', says: [] });
          nucleus.replace([same], 'test', transfer);
        }
      }
    });
    expect([run.stdout, run.failure, run.digest]).toEqual([plain.stdout, '', plain.digest]);
  });

  it.each(PLANTS)('$cell that loses $loses is found out', async (plant) => {
    const run = await play((nucleus) => {
      nucleus.replace([planted(nucleus.cells.get(plant.cell).module, plant)], 'test');
    });
    expect(run.digest).not.toBe(plain.digest);
    if (plant.fails !== undefined) {
      expect([run.failure, run.status]).toEqual([expect.stringMatching(plant.fails), null]);
      for (const line of plant.says) expect(run.stdout).toContain(line);
    } else expect([run.stdout, run.failure, run.status]).toEqual([output(plant.says), '', plant.status ?? 0]);
  });

  it('there is at least one for each cell', async () => {
    const cells = plain.nucleus.cells.all().map(({ name }) => name);
    expect([...new Set(PLANTS.map(({ cell }) => cell))].sort()).toEqual([...cells].sort());
  });

  it.each(BROKEN)(
    '$cell: $what is refused at verify, and nothing has changed',
    async ({ cell, damage, reason }) => {
      const run = await play((nucleus) => {
        const { module, state } = nucleus.cells.get(cell);
        const broken = planted(module, { cell, loses: '', damage, says: [] });
        expect(() => nucleus.replace([broken], 'test', 'copy')).toThrow(reason);
        const after = nucleus.cells.get(cell);
        expect([after.module === module, after.state === state]).toEqual([true, true]);
        const { failed } = found(nucleus.ledger.entries().at(-1));
        expect(failed?.step).toBe('verify');
      });
      expect([run.stdout, run.failure, run.digest]).toEqual([plain.stdout, '', plain.digest]);
    },
  );
});
