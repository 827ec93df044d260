import { describe, expect, test } from 'vitest';
import { EACCES, EINVAL, ENOENT, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat, type FileSystem, SB_SHIFT } from '../../../contracts/filesystem.ts';
import { createSpans, type Kernel, type ModuleEntry } from '../../../contracts/kernel.ts';
import {
  createThread,
  createThreadGroup,
  type Thread,
  type ThreadGroup,
} from '../../../contracts/process.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { createMount, createOpenFile, type OpenFile } from '../../../contracts/vfs.ts';
import { createVma, VMA_HEAP, VMA_STACK, type Vma } from '../../../contracts/vm.ts';
import { fakeFsKernel } from '../../../testing/fake-fs-kernel.ts';
import { procFilesystem } from './module.ts';
import type { ProcState } from './state.ts';

const SB = 5;
const ROOT = SB * SB_SHIFT + 1;
const BUFFER = 4096;

interface Guest {
  readonly kernel: Kernel;
  readonly groups: ThreadGroup[];
  readonly files: Map<number, OpenFile>;
  state(): ProcState;
  cell(): FileSystem;
  transfer(): void;
  /** Inode of a path below /proc, as `tid`; or -errno. */
  find(path: string, tid?: number): number;
  /** The text of a file, in pieces of `piece` bytes. */
  text(path: string, tid?: number, piece?: number): string | number;
  names(path: string, tid?: number): string[];
  store(path: string, text: string, tid?: number): number;
}

const module = (slot: string, name: string, active: boolean): ModuleEntry => ({
  slot,
  name,
  guestName: name,
  version: '1.2.0',
  description: '',
  interfaces: [],
  active,
  default: true,
  size: 0,
  users: 2,
  loaded: false,
});

const area = (fields: Partial<Vma>): Vma => ({ ...createVma(), ...fields });

/** Process 1 (root), 7 (user 1000, threads 7 and 9), and 8, a zombie of user 1000. */
function boot(): Guest {
  const fake = fakeFsKernel();
  const threads = new Map<number, Thread>();
  const groups = [1, 7, 8].map((tgid) => {
    const group = createThreadGroup();
    group.tgid = tgid;
    group.parent = tgid === 1 ? 0 : 1;
    group.pgid = group.sid = tgid;
    group.threads = tgid === 7 ? [7, 9] : [tgid];
    group.space = tgid;
    group.executable = 100;
    group.limits.fill(Number.POSITIVE_INFINITY);
    group.limits[14] = 1024;
    for (const tid of group.threads) {
      const thread = createThread();
      thread.tid = tid;
      thread.tgid = tgid;
      thread.name = tid === 7 ? 'we) ird' : `name${tid}`;
      thread.userNs = 30_000_000;
      threads.set(tid, thread);
    }
    return group;
  });
  const [, user, zombie] = groups as [ThreadGroup, ThreadGroup, ThreadGroup];
  for (const group of [user, zombie]) {
    const c = group.credentials;
    c.uid = c.euid = c.suid = c.fsuid = c.gid = c.egid = c.sgid = c.fsgid = 1000;
    c.groups = [4, 20];
  }
  Object.assign(user, {
    argumentStart: 0x2ff0,
    argumentEnd: 0x3004,
    environmentStart: 0x9000,
    environmentEnd: 0x9004,
  });
  user.startNs = 1_230_000_000;
  user.exitedUserNs = 40_000_000;
  user.auxiliary = Uint32Array.of(6, 0, 4096, 0);
  Object.assign(zombie, { zombie: true, space: 0, executable: 0, status: 256 });
  (threads.get(8) as Thread).dead = true;

  const files = new Map<number, OpenFile>();
  const open = (id: number, fields: Partial<OpenFile>): void => {
    files.set(id, { ...createOpenFile(), id, ...fields });
  };
  open(50, { kind: 'regular', dentry: 101, offset: 12, flags: 0o2, inode: 2 * SB_SHIFT + 33 });
  open(51, { kind: 'pipe', object: 6 });
  const table = new Map([
    [0, 51],
    [3, 50],
  ]);
  const areas = [
    area({ start: 0x10000, end: 0x12000, prot: 5, inode: 2 * SB_SHIFT + 3, offset: 0x1000 }),
    area({ start: 0x12000, end: 0x13000, prot: 3, flags: VMA_HEAP }),
    area({ start: 0xffff0000, end: 0xffff2000, prot: 3, flags: VMA_STACK }),
  ];
  const groupOf = (tid: number): ThreadGroup => {
    const group = groups.find(({ threads: list }) => list.includes(tid));
    if (group === undefined) throw new Error(`no thread ${tid}`);
    return group;
  };
  const living = (tid: number): void => {
    if (groupOf(tid).zombie) throw new Error('a zombie has no such thing');
  };
  fake.kernel.machine.u8.set(new TextEncoder().encode('prog\0-v\0some thing\0!'), 2 * 4096 - 16);

  const kernel = {
    ...fake.kernel,
    block: { find: () => 0, disk: () => null },
    buffercache: { counts: () => ({ units: 3, dirty: 2, writing: 1, hits: 0, misses: 0, limit: 9 }) },
    machine: { ...fake.kernel.machine, layout: { codeMarkBase: 0, harts: 1 } },
    waits: { ...fake.kernel.waits, waiting: (tid: number) => (tid === 9 ? 'restart' : null) },
    counters: { kernelEntries: 5, instructions: 0, contextSwitches: 6, pageFaults: 7, idleNs: 2e9, forks: 3 },
    clock: { ...fake.kernel.clock, monotonic: () => 12_345_678_900 },
    scheduler: { load: () => 1 },
    modules: { list: () => [module('scheduler', 'time-sharing', true), module('vm', 'primitive', false)] },
    host: { random: (into: Uint8Array) => into.fill(0xab) },
    pmap: {
      translate: (_space: number, va: number) => (va >= 0x2000 && va < 0x4000 ? va - 0x2000 + 4096 : 0),
      next: (_space: number, va: number, end: number) => (va < end ? va : -1),
      extract: () => 1 << 8,
    },
    frames: { ...fake.kernel.frames, count: () => 1 },
    pagecache: { ...fake.kernel.pagecache, find: () => 0 },
    vm: { areas: () => areas, size: () => 5, resident: () => 4 },
    vfs: {
      file: (id: number) => files.get(id),
      pathOf: (dentry: number) => `/d/${dentry}`,
      dentryInode: () => 2 * SB_SHIFT + 3,
      fileSystemOf: () => 'ram',
      mounts: () => [
        { ...createMount(), id: 1, sb: 2, type: 'ram', root: 1 },
        {
          ...createMount(),
          id: 2,
          sb: SB,
          type: 'proc',
          source: 'a b',
          options: 'ro,nosuid',
          readOnly: true,
          root: 2,
        },
      ],
    },
    process: {
      groups: () => groups,
      group: groupOf,
      findThread: (tid: number) => threads.get(tid) ?? null,
      findGroup: (tgid: number) => groups.find((group) => group.tgid === tgid) ?? null,
      credentials: (tid: number) => groupOf(tid).credentials,
      capable: (tid: number) => groupOf(tid).credentials.euid === 0,
      place(tid: number) {
        living(tid);
        return { users: 1, root: 1, cwd: 102, umask: 0o22 };
      },
      file(tid: number, fd: number) {
        living(tid);
        return table.get(fd) ?? -9;
      },
      descriptors(tid: number) {
        living(tid);
        return [...table.keys()];
      },
      closesOnExec: () => true,
      action(tid: number, signal: number) {
        living(tid);
        return { handler: signal === 2 ? 1 : signal === 34 ? 0x1000 : 0, flags: 0, maskLow: 0, maskHigh: 0 };
      },
    },
  } as unknown as Kernel;

  const schema = procFilesystem.layout.versions.at(-1)?.schema as Schema<ProcState>;
  let state = procFilesystem.layout.create();
  let cell = procFilesystem.create(state, kernel);
  expect(cell.mount(SB, '', '')).toBe(ROOT);

  const guest: Guest = {
    kernel,
    groups,
    files,
    state: () => state,
    cell: () => cell,
    transfer() {
      state = decode(schema, encode(schema, state).slice());
      cell = procFilesystem.create(state, kernel);
    },
    find(path, tid = 1) {
      let at = ROOT;
      for (const name of path.split('/').filter((part) => part !== '')) {
        at = cell.lookup(tid, at, name);
        if (at < 0) return at;
      }
      return at;
    },
    text(path, tid = 1, piece = 4000) {
      const inode = guest.find(path, tid);
      if (inode < 0) return inode;
      let text = '';
      for (;;) {
        const into = createSpans();
        into.address[0] = BUFFER;
        into.length[0] = piece;
        into.count = 1;
        into.total = piece;
        const before = kernel.machine.u8.slice(BUFFER, BUFFER + 4096);
        const count = cell.read(tid, inode, text.length, into);
        if (count < 0) return count;
        text += String.fromCharCode(...kernel.machine.u8.subarray(BUFFER, BUFFER + count));
        kernel.machine.u8.set(before, BUFFER);
        if (count === 0) return text;
      }
    },
    names(path, tid = 1) {
      const inode = guest.find(path, tid);
      const names: string[] = [];
      for (let cookie = 0; ; ) {
        const entries = cell.list(tid, inode, cookie, 3);
        if (typeof entries === 'number') throw new Error(`list answered ${entries}`);
        const last = entries.at(-1);
        if (last === undefined) return names;
        for (const entry of entries) {
          const stat = createStat();
          expect(cell.lookup(tid, inode, entry.name)).toBe(entry.inode);
          expect(cell.stat(entry.inode, stat)).toBe(0);
          expect(stat.mode & S_IFMT).toBe(entry.type);
          names.push(entry.name);
        }
        cookie = last.next;
      }
    },
    store(path, text, tid = 1) {
      const from = createSpans();
      const bytes = new TextEncoder().encode(text);
      kernel.machine.u8.set(bytes, 3 * 4096);
      from.address[0] = 3 * 4096;
      from.length[0] = bytes.length;
      from.count = 1;
      from.total = bytes.length;
      return cell.write(tid, guest.find(path, tid), 0, from);
    },
  };
  return guest;
}

describe('filesystem/proc', () => {
  test('lists the fixed files and every process, each leading where its entry says', () => {
    const guest = boot();
    const names = guest.names('');
    for (const name of ['self', 'meminfo', 'sys', '1', '7', '8']) expect(names).toContain(name);
    expect(names).not.toContain('9');
    expect(guest.names('7/task')).toEqual(['7', '9']);
    expect(guest.names('7/fd')).toEqual(['0', '3']);
    expect(guest.names('7')).toContain('task');
    expect(guest.names('7/task/9')).not.toContain('task');
    expect(guest.names('8/fd')).toEqual([]);
    for (const absent of ['3', '07', 'x', '7/nothing', '7/fd/1', '99999999'])
      expect(guest.find(absent)).toBe(-ENOENT);
  });

  test('a listing goes on when the process that it stopped at has gone', () => {
    const { cell, groups } = boot();
    const all = cell().list(1, ROOT, 0, 1000);
    if (typeof all === 'number') throw new Error('no listing');
    const at = all.find(({ name }) => name === '7');
    groups.splice(1, 1);
    const rest = cell().list(1, ROOT, at?.next ?? 0, 10);
    expect(rest).toEqual([expect.objectContaining({ name: '8' })]);
  });

  test('self is who asks', () => {
    const { cell, find } = boot();
    expect(cell().readlink(9, find('self'))).toBe('7');
    expect(cell().readlink(9, find('thread-self'))).toBe('7/task/9');
    expect(cell().readlink(9, find('mounts'))).toBe('self/mounts');
    expect(cell().jump(9, find('self'))).toBe(0);
  });

  test('stat has 52 fields at their places', () => {
    const { text } = boot();
    const line = text('7/stat') as string;
    expect(line.startsWith('7 (we) ird) R 1 7 7 0 -1 ')).toBe(true);
    expect(line.endsWith('\n')).toBe(true);
    const fields = line
      .slice(line.lastIndexOf(')') + 2)
      .trim()
      .split(' ');
    expect(fields).toHaveLength(50);
    const field = (number: number): string => fields[number - 3] as string;
    // 30 ms of each thread and 40 ms of exited ones.
    expect(field(14)).toBe('10');
    expect([field(18), field(19), field(20)]).toEqual(['20', '0', '2']);
    expect(field(22)).toBe('123');
    expect([field(23), field(24)]).toEqual(['20480', '4']);
    expect(field(28)).toBe(`${0xffff2000}`);
    expect(field(48)).toBe(`${0x2ff0}`);
    expect((text('7/task/9/stat') as string).startsWith('9 (name9) S ')).toBe(true);
    expect((text('8/stat') as string).startsWith('8 (name8) Z ')).toBe(true);
    expect((text('8/stat') as string).endsWith(' 256\n')).toBe(true);
  });

  test('status says who, what and which signals', () => {
    const { text } = boot();
    const lines = new Map(
      (text('7/status') as string).split('\n').map((line) => line.split(':\t') as [string, string]),
    );
    expect(lines.get('Name')).toBe('we) ird');
    expect(lines.get('Uid')).toBe('1000\t1000\t1000\t1000');
    expect(lines.get('Groups')).toBe('4 20 ');
    expect(lines.get('Threads')).toBe('2');
    expect(lines.get('VmRSS')).toBe('      16 kB');
    expect(lines.get('SigIgn')).toBe('0000000000000002');
    expect(lines.get('SigCgt')).toBe('0000000200000000');
    expect(lines.get('Umask')).toBe('0022');
    expect(text('8/status')).toContain('State:\tZ (zombie)');
    expect(text('7/limits')).toContain(
      'Max open files            1024                 unlimited            files',
    );
  });

  test('maps shows areas as Linux does, and the program by name', () => {
    const lines = (boot().text('7/maps') as string).split('\n');
    expect(lines[0]).toBe(`${'00010000-00012000 r-xp 00001000 00:02 3 '.padEnd(73)}/d/100`);
    expect(lines[1]).toBe(`${'00012000-00013000 rw-p 00000000 00:00 0 '.padEnd(73)}[heap]`);
    expect(lines[2]).toBe(`${'ffff0000-ffff2000 rw-p 00000000 00:00 0 '.padEnd(73)}[stack]`);
    expect(boot().text('7/smaps')).toContain('Rss:                   8 kB\n');
  });

  test('command lines come from memory over page borders, and end where no page is', () => {
    const { text } = boot();
    expect(text('7/cmdline')).toBe('prog\0-v\0some thing\0!');
    expect(text('7/environ')).toBe('');
    expect(text('8/cmdline')).toBe('');
    expect(text('7/auxv')).toBe('\x06\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0');
  });

  test('magic links reach dentries and open files', () => {
    const { cell, find, text } = boot();
    expect(cell().jump(1, find('7/exe'))).toBe(100);
    expect(cell().jump(1, find('7/cwd'))).toBe(102);
    expect(cell().readlink(1, find('7/exe'))).toBe('/d/100');
    expect(cell().jump(1, find('8/exe'))).toBe(-ENOENT);
    expect(cell().jump(1, find('7/fd/3'))).toBe(101);
    expect(cell().jump(1, find('7/fd/0'))).toBe(0);
    expect(cell().jumpFile(1, find('7/fd/0'))).toBe(51);
    expect(cell().readlink(1, find('7/fd/0'))).toBe('pipe:[6]');
    expect(cell().readlink(1, find('7/status'))).toBe(-EINVAL);
    expect(text('7/fdinfo/3')).toBe('pos:\t12\nflags:\t02000002\nmnt_id:\t1\nino:\t33\n');
  });

  test('the insides of a process are for its user and for root', () => {
    const { cell, find, text, groups } = boot();
    const fd = find('7/fd/3');
    const stat = createStat();
    cell().stat(find('7/environ'), stat);
    expect([stat.mode, stat.uid]).toEqual([S_IFREG | 0o400, 1000]);
    cell().stat(fd, stat);
    expect(stat.mode & S_IFMT).toBe(S_IFLNK);
    cell().stat(find('7'), stat);
    expect([stat.mode, stat.mtimeSeconds, stat.mtimeNanoseconds]).toEqual([
      S_IFDIR | 0o555,
      1_700_000_001,
      230_000_000,
    ]);
    // Thread 7 looks at process 1.
    for (const path of ['1/maps', '1/environ', '1/auxv', '1/fdinfo/3']) expect(text(path, 7)).toBe(-EACCES);
    expect(cell().readlink(7, find('1/exe'))).toBe(-EACCES);
    expect(cell().jump(7, find('1/cwd'))).toBe(-EACCES);
    expect(cell().list(7, find('1/fd'), 0, 9)).toBe(-EACCES);
    expect(text('1/stat', 7)).toContain('1 (name1)');
    // Another of the same user may be looked at.
    (groups[0] as ThreadGroup).credentials = { ...(groups[1] as ThreadGroup).credentials };
    expect(text('1/maps', 7)).toContain('[heap]');
  });

  test('a process that has gone is ESRCH to who reads on', () => {
    const { cell, find, kernel, groups } = boot();
    const inode = find('7/status');
    groups.splice(1, 1);
    Object.assign(kernel.process, { findThread: () => null });
    expect(cell().read(1, inode, 0, createSpans())).toBe(-ESRCH);
    expect(cell().stat(inode, createStat())).toBe(-ENOENT);
  });

  test('texts about the system', () => {
    const { text } = boot();
    expect(text('meminfo')).toMatch(/^MemTotal: +1024 kB\nMemFree: +1024 kB\n/);
    expect(text('meminfo')).toMatch(/Buffers: +12 kB\n[^]*Dirty: +8 kB\nWriteback: +4 kB\n/);
    expect(text('uptime')).toBe('12.34 2.00\n');
    expect(text('modules')).toBe('time_sharing 0 2 - Live 0x0000000000000000\n');
    expect(text('cpuinfo')).toContain(
      'isa\t\t: rv64imafdc_zicsr_zifencei_zihintntl_zihintpause_zba_zbb_zbs\n',
    );
    expect(text('stat')).toMatch(/^cpu {2}\d+ 0 \d+ 200 .*\ncpu0 .*\n/);
    expect(text('stat')).toContain('\nprocesses 4\n');
    expect(text('loadavg')).toBe('1.00 1.00 1.00 1/4 8\n');
    expect(text('version')).toBe('Linux version 6.12.0 #1 Strake\n');
    expect(text('sys/kernel/random/uuid')).toBe('abababab-abab-4bab-abab-abababababab\n');
    expect(text('7/mounts')).toBe('tmpfs /d/1 tmpfs rw 0 0\na\\040b /d/2 proc ro,nosuid 0 0\n');
    expect(text('7/mountinfo')).toContain('2 0 0:5 / /d/2 ro,relatime - proc a\\040b ro,nosuid\n');
  });

  test('a read in pieces gives the same text', () => {
    const { text } = boot();
    for (const piece of [1, 7, 100]) expect(text('7/status', 1, piece)).toBe(text('7/status'));
  });

  test('settings keep what is written through a transfer, and only what may be written', () => {
    const guest = boot();
    expect(guest.store('sys/vm/overcommit_memory', '2\n')).toBe(2);
    expect(guest.store('sys/kernel/hostname', 'ship\n')).toBe(5);
    expect(guest.store('7/oom_score_adj', '-17\n', 7)).toBe(4);
    expect(guest.store('7/oom_score_adj', '2000')).toBe(-EINVAL);
    expect(guest.store('7/comm', 'a-name-that-is-too-long\n', 7)).toBe(24);
    expect(guest.store('1/comm', 'x', 7)).toBe(-EACCES);
    expect(guest.store('7/status', 'x')).toBe(-EPERM);
    expect(guest.store('meminfo', 'x')).toBe(-EACCES);
    const bootId = guest.text('sys/kernel/random/boot_id');
    guest.transfer();
    expect(guest.text('sys/vm/overcommit_memory')).toBe('2\n');
    expect(guest.kernel.settings.hostname).toBe('ship');
    expect(guest.text('7/oom_score_adj')).toBe('-17\n');
    expect(guest.text('7/comm')).toBe('a-name-that-is-\n');
    expect(guest.state().bootId).not.toBe('');
    expect(guest.text('sys/kernel/random/boot_id')).toBe(bootId);
    expect(guest.cell().setAttributes(guest.find('7/comm'), { size: 0 })).toBe(0);
    expect(guest.cell().setAttributes(guest.find('7/comm'), { mode: 0 })).toBe(-EPERM);
  });
});
