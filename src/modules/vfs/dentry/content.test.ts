import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EFBIG, EIO, ENOMEM, ENOSPC } from '../../../abi/linux/errno.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from '../../../abi/linux/fcntl.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { type FakeVfs, fakeVfs, takeBuffer, TID, userBuffer } from '../../../testing/fake-vfs-kernel.ts';
import { ramFilesystem } from '../../filesystem/ram/module.ts';
import { dentryVfs } from './module.ts';

const FRAMES = 512;
const RLIMIT_FSIZE_SOFT = 2;

interface Opened {
  readonly fake: FakeVfs;
  readonly file: number;
}

function openNew(flags = 0): Opened {
  const fake = fakeVfs(
    dentryVfs,
    { ram: (kernel) => ramFilesystem.create(ramFilesystem.layout.create(), kernel) },
    () => ({}),
    FRAMES,
  );
  fake.boot('ram');
  return { fake, file: fake.vfs().open(TID, 0, '/f', O_CREAT | O_RDWR | flags, 0o600) };
}

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

function write({ fake, file }: Opened, bytes: Uint8Array, offset: number, skip = 0): number {
  const spans = userBuffer(fake, bytes);
  const count = fake.vfs().write(TID, file, spans, skip, offset);
  takeBuffer(fake, spans, 0);
  return count;
}

function read({ fake, file }: Opened, length: number, offset: number): Uint8Array | number {
  const spans = userBuffer(fake, new Uint8Array(length).fill(0xaa));
  const count = fake.vfs().read(TID, file, spans, offset);
  const bytes = takeBuffer(fake, spans, Math.max(count, 0));
  return count < 0 ? count : bytes;
}

const sizeOf = ({ fake, file }: Opened): number => {
  const stat = createStat();
  fake.vfs().statFile(file, stat);
  return stat.size;
};

type Step =
  | { kind: 'write' | 'append'; offset: number; length: number; skip: number; seed: number }
  | { kind: 'truncate'; size: number }
  | { kind: 'punch' | 'zero' | 'extend'; offset: number; length: number }
  | { kind: 'scribble'; index: number }
  | { kind: 'read'; offset: number; length: number };

const offset = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 1, 4095, 4096, 4097, 8192, 12_288));
const length = fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constantFrom(1, 4095, 4096, 4097, 8192));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('write', 'append'),
    offset,
    length,
    skip: fc.nat(3000),
    seed: fc.nat(255),
  }),
  fc.record({ kind: fc.constant('truncate' as const), size: offset }),
  fc.record({ kind: fc.constantFrom('punch', 'zero', 'extend'), offset, length }),
  fc.record({ kind: fc.constant('scribble' as const), index: fc.nat(5) }),
  fc.record({ kind: fc.constant('read' as const), offset, length }),
);

/** Compare long arrays; element by element `toEqual` takes seconds. */
function expectBytes(got: Uint8Array | number, wanted: Uint8Array): void {
  if (typeof got === 'number') throw new Error(`error ${got}`);
  expect(got.length).toBe(wanted.length);
  const differs = got.findIndex((byte, i) => byte !== wanted[i]);
  expect(differs === -1 ? null : [differs, got[differs], wanted[differs]]).toBeNull();
}

/** A file as a plain array of bytes. */
class Model {
  bytes: Uint8Array = new Uint8Array(0);

  resize(size: number): void {
    const next = new Uint8Array(size);
    next.set(this.bytes.subarray(0, size));
    this.bytes = next;
  }

  put(at: number, from: Uint8Array): void {
    if (at + from.length > this.bytes.length) this.resize(at + from.length);
    this.bytes.set(from, at);
  }
}

function apply(opened: Opened, model: Model, step: Step): void {
  const vfs = opened.fake.vfs();
  switch (step.kind) {
    case 'write':
    case 'append': {
      const skip = Math.min(step.skip, step.length - 1);
      const bytes = pattern(step.length, step.seed);
      if (step.kind === 'append') vfs.setFlags(0, opened.file, O_APPEND, -1);
      expect(write(opened, bytes, step.offset, skip)).toBe(step.length - skip);
      vfs.setFlags(0, opened.file, 0, -1);
      model.put(step.kind === 'append' ? model.bytes.length : step.offset, bytes.subarray(skip));
      return;
    }
    case 'truncate':
      expect(vfs.truncateFile(TID, opened.file, step.size)).toBe(0);
      model.resize(step.size);
      return;
    case 'punch': {
      const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
      expect(vfs.allocate(TID, opened.file, mode, step.offset, step.length)).toBe(0);
      model.bytes.fill(0, step.offset, step.offset + step.length);
      return;
    }
    case 'zero':
    case 'extend':
      expect(
        vfs.allocate(
          TID,
          opened.file,
          step.kind === 'zero' ? FALLOC_FL_ZERO_RANGE : 0,
          step.offset,
          step.length,
        ),
      ).toBe(0);
      if (step.offset + step.length > model.bytes.length) model.resize(step.offset + step.length);
      if (step.kind === 'zero') model.bytes.fill(0, step.offset, step.offset + step.length);
      return;
    case 'scribble': {
      // What a program may do through a mapping: write behind the end of the file in its last page.
      const { inode } = vfs.file(opened.file);
      const frame = opened.fake.kernel.pagecache.find(inode, step.index);
      const end = model.bytes.length - step.index * 4096;
      if (frame === 0 || end < 0 || end >= 4096) return;
      opened.fake.kernel.machine.u8.fill(0x5a, frame * 4096 + end, (frame + 1) * 4096);
      return;
    }
    case 'read':
      expectBytes(
        read(opened, step.length, step.offset),
        model.bytes.slice(step.offset, step.offset + step.length),
      );
  }
}

describe('contents', () => {
  test('any order of writes, holes and truncations reads as an array of bytes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const opened = openNew();
        const model = new Model();
        for (const each of steps) {
          apply(opened, model, each);
          expect(sizeOf(opened)).toBe(model.bytes.length);
          opened.fake.transfer();
        }
        expectBytes(read(opened, 40_000, 0), model.bytes);
        opened.fake.vfs().release(opened.file, 0);
        expect(opened.fake.vfs().unlink(TID, 0, '/f', false)).toBe(0);
        expect(opened.fake.fs.freeFrames()).toBe(FRAMES);
      }),
      { numRuns: 150 },
    );
  });

  test('the offset of the description advances by what was moved', () => {
    const opened = openNew();
    const vfs = opened.fake.vfs();
    expect(write(opened, pattern(5000, 1), -1)).toBe(5000);
    expect(vfs.file(opened.file).offset).toBe(5000);
    expect(vfs.seek(TID, opened.file, -100, SEEK_CUR)).toBe(4900);
    expect(read(opened, 1000, -1)).toEqual(pattern(5000, 1).slice(4900));
    expect(read(opened, 10, -1)).toEqual(new Uint8Array(0));
    expect(vfs.seek(TID, opened.file, 10, SEEK_END)).toBe(5010);
    expect(write(opened, pattern(3, 9), -1)).toBe(3);
    expect(vfs.seek(TID, opened.file, 4999, SEEK_SET)).toBe(4999);
    expect(read(opened, 99, -1)).toEqual(
      Uint8Array.of(pattern(5000, 1)[4999] as number, ...new Uint8Array(10), ...pattern(3, 9)),
    );
    expect(vfs.seek(TID, opened.file, 7, SEEK_DATA)).toBe(7);
    expect(vfs.seek(TID, opened.file, 7, SEEK_HOLE)).toBe(5013);
    expect(vfs.seek(TID, opened.file, -1, SEEK_SET)).toBe(-22);
  });

  test('waits for every page before it copies any, with all requests under way', () => {
    const opened = openNew();
    write(opened, pattern(3 * 4096, 3), 0);
    const { kernel } = opened.fake;
    const real = kernel.pagecache;
    const asked: number[] = [];
    let ready = false;
    kernel.pagecache = {
      ...real,
      find: () => 0,
      get(inode, index, create) {
        asked.push(index);
        return ready || index === 0 ? real.get(inode, index, create) : WAIT;
      },
    };
    const spans = userBuffer(opened.fake, new Uint8Array(9000).fill(1));
    expect(opened.fake.vfs().read(TID, opened.file, spans, -1)).toBe(WAIT);
    expect(asked).toEqual([0, 1, 2]);
    expect(opened.fake.vfs().file(opened.file).offset).toBe(0);
    expect(opened.fake.vfs().write(TID, opened.file, spans, 0, 100)).toBe(WAIT);
    ready = true;
    opened.fake.vfs().seek(TID, opened.file, 0, SEEK_SET);
    expect(opened.fake.vfs().read(TID, opened.file, spans, -1)).toBe(9000);
    expect(takeBuffer(opened.fake, spans, 9000)).toEqual(pattern(3 * 4096, 3).slice(0, 9000));
  });

  test('a page that fails ends the read before it', () => {
    const opened = openNew();
    write(opened, pattern(3 * 4096, 3), 0);
    const { kernel } = opened.fake;
    const real = kernel.pagecache;
    kernel.pagecache = {
      ...real,
      get: (inode, index, create) => (index === 1 ? -EIO : real.get(inode, index, create)),
    };
    expect(read(opened, 9000, 10)).toEqual(pattern(3 * 4096, 3).slice(10, 4096));
    expect(read(opened, 9000, 4096)).toBe(-EIO);
  });

  test('a page that finds no frame is asked for again when others were given back, once', () => {
    const opened = openNew();
    write(opened, pattern(3 * 4096, 3), 0);
    const { kernel } = opened.fake;
    const real = kernel.pagecache;
    let room = false;
    let gives = 5;
    kernel.pagecache = {
      ...real,
      find: (inode, index) => (room ? real.find(inode, index) : 0),
      get: (inode, index, create) => (room ? real.get(inode, index, create) : -ENOMEM),
      reclaim() {
        room = gives > 0;
        return gives;
      },
    };
    expect(read(opened, 9000, 10)).toEqual(pattern(3 * 4096, 3).slice(10, 9010));
    room = false;
    expect(write(opened, pattern(9, 1), 20)).toBe(9);
    gives = 0;
    room = false;
    expect(read(opened, 9000, 10)).toBe(-ENOMEM);
    expect(write(opened, pattern(9, 2), 20)).toBe(-ENOMEM);
    gives = 5;
    expect(read(opened, 9, 20)).toEqual(pattern(9, 1));
  });

  test('RLIMIT_FSIZE cuts a write and refuses one beyond', () => {
    const opened = openNew();
    const { group } = opened.fake.processes.get(TID) ?? {};
    if (group !== undefined) group.limits[RLIMIT_FSIZE_SOFT] = 5000;
    expect(write(opened, pattern(6000, 1), 0)).toBe(5000);
    expect(write(opened, pattern(10, 1), 5000)).toBe(-EFBIG);
    expect(opened.fake.vfs().truncateFile(TID, opened.file, 5001)).toBe(-EFBIG);
    expect(opened.fake.vfs().truncateFile(TID, opened.file, 100)).toBe(0);
  });

  test('a refused write leaves nothing behind the end of the file', () => {
    const opened = openNew();
    write(opened, pattern(100, 1), 0);
    const cell = opened.fake.fs.cells['ram'];
    if (cell === undefined) throw new Error('no file system');
    opened.fake.fs.cells['ram'] = { ...cell, written: () => -ENOSPC };
    expect(write(opened, pattern(9000, 2), 50)).toBe(-ENOSPC);
    opened.fake.fs.cells['ram'] = cell;
    expect(opened.fake.vfs().truncateFile(TID, opened.file, 9050)).toBe(0);
    expect((read(opened, 9000, 100) as Uint8Array).every((byte) => byte === 0)).toBe(true);
  });

  test('code in a page that is written is forgotten', () => {
    const opened = openNew();
    write(opened, pattern(4096, 1), 0);
    const { kernel } = opened.fake;
    const frame = kernel.pagecache.find(kernel.vfs.file(opened.file).inode, 0);
    const told: number[] = [];
    kernel.machine.u8[frame] = 1;
    kernel.engine = { ...kernel.engine, invalidateFrame: (each) => void told.push(each) };
    write(opened, pattern(4, 1), 8);
    expect(told).toContain(frame);
  });
});
