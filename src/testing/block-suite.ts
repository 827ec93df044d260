/**
 * What every order of disk transfers must keep to (`blockConformance`).
 */
import fc from 'fast-check';
import { EEXIST, EINVAL, EIO, EROFS } from '../abi/linux/errno.ts';
import { type Block, type BlockState, SECTOR } from '../contracts/block.ts';
import type { BufferCache, BufferCacheState } from '../contracts/buffercache.ts';
import type { Module } from '../contracts/module.ts';
import { type Check, equal, holds } from './check.ts';
import { type FakeDisks, fakeDisks } from './fake-disk-kernel.ts';

const PAGE = 4096;
const SECTORS = 64;

type BlockModule = Module<Block, BlockState>;

/** The slot's client, which these checks stand in for. */
const noBuffers = {
  layout: {
    name: 'none',
    versions: [{ version: 1, schema: { check() {}, write() {}, read: () => ({}) } }],
    create: () => ({}),
  },
} as unknown as Module<BufferCache, BufferCacheState>;

const disksOf = (block: BlockModule): FakeDisks => fakeDisks({ block, buffercache: noBuffers }, 256, false);
const image = (sectors = SECTORS): Uint8Array =>
  Uint8Array.from({ length: sectors * SECTOR }, (_, i) => (i * 7) >>> 3);

interface Step {
  readonly kind: 'read' | 'write' | 'flush' | 'answer' | 'replace';
  readonly sector: number;
  readonly sectors: number;
  readonly byte: number;
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('read', 'read', 'write', 'write', 'flush', 'answer', 'replace'),
    sector: fc.nat(SECTORS - 1),
    sectors: fc.integer({ min: 1, max: 8 }),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 60 },
);

/** A transfer under way, with what it must have moved. */
interface Asked {
  readonly write: boolean;
  readonly frame: number;
  readonly sector: number;
  readonly sectors: number;
}

const overlaps = (a: Asked, sector: number, sectors: number): boolean =>
  a.sector < sector + sectors && sector < a.sector + a.sectors;

/** Any transfers, none of which overlaps one under way: as the buffer cache asks for them. */
function movesRightly(
  modules: readonly BlockModule[],
  store: 'ram' | 'host',
  timed: boolean,
  list: readonly Step[],
): void {
  const disks = disksOf(modules[0] as BlockModule);
  const { kernel } = disks;
  const model = image();
  const disk = disks.addDisk('vda', store, model, false, timed);
  const before = disks.fake.freeFrames();
  const asked = new Map<number, Asked>();
  const flushes = new Map<number, readonly number[]>();
  let tag = 1;
  let seen = 0;
  let turn = 0;
  const take = (): void => {
    for (; seen < disks.completions.length; seen++) {
      const [done = 0, errno] = disks.completions[seen] ?? [];
      equal('errno', errno, 0);
      for (const earlier of flushes.get(done) ?? [])
        holds('a flush ends behind what was before it', !asked.has(earlier));
      if (flushes.delete(done)) continue;
      const of = asked.get(done);
      if (of === undefined) throw new Error(`tag ${done} completed twice or was never asked for`);
      asked.delete(done);
      const count = of.sectors * SECTOR;
      const got = kernel.machine.u8.subarray(of.frame * PAGE, of.frame * PAGE + count);
      const right = model.subarray(of.sector * SECTOR, of.sector * SECTOR + count);
      if (!of.write) equal('what was read', [...got], [...right]);
      kernel.frames.unref(of.frame);
    }
  };
  for (const { kind, sector, sectors: wanted, byte } of list) {
    const sectors = Math.min(wanted, SECTORS - sector);
    if (kind === 'answer') disks.answer();
    else if (kind === 'replace')
      disks.transfer({ block: modules[++turn % modules.length] as BlockModule, buffercache: noBuffers });
    else if (kind === 'flush') {
      flushes.set(tag, [...asked.keys()]);
      kernel.block.flush(disk, tag++);
    } else if (![...asked.values()].some((other) => overlaps(other, sector, sectors))) {
      const frame = kernel.frames.alloc(true, 0);
      const write = kind === 'write';
      if (write) {
        kernel.machine.u8.fill(byte, frame * PAGE, (frame + 1) * PAGE);
        model.fill(byte, sector * SECTOR, (sector + sectors) * SECTOR);
      }
      asked.set(tag, { write, frame, sector, sectors });
      equal('submit', kernel.block.submit(disk, write, sector, sectors, frame, tag++), 0);
    }
    take();
  }
  disks.settle();
  take();
  // All of it once more, for what was written may never have been read.
  for (let sector = 0; sector < SECTORS; sector += PAGE / SECTOR) {
    const sectors = Math.min(PAGE / SECTOR, SECTORS - sector);
    const frame = kernel.frames.alloc(true, 0);
    asked.set(tag, { write: false, frame, sector, sectors });
    equal('submit', kernel.block.submit(disk, false, sector, sectors, frame, tag++), 0);
    disks.settle();
    take();
  }
  equal('transfers that never ended', asked.size + flushes.size, 0);
  equal('pending', kernel.block.pending(disk), 0);
  if (store === 'host') {
    equal('what the file holds', [...disks.file(disk)], [...model]);
    equal('frames in use', disks.fake.freeFrames(), before);
  }
}

/** @param others modules of the same layout, that it is exchanged with */
export function blockConformance(
  module: BlockModule,
  others: readonly BlockModule[] = [module],
): readonly Check[] {
  const all = [module, ...others];
  const kinds = [
    ['ram', false],
    ['ram', true],
    ['host', false],
    ['host', true],
  ] as const;
  return [
    ...kinds.map(([store, timed]) => ({
      name: `every transfer is made once and rightly: ${store}${timed ? ', timed' : ''}`,
      run: (): void =>
        fc.assert(
          fc.property(steps, (list) => movesRightly(all, store, timed, list)),
          { numRuns: 40 },
        ),
    })),
    {
      name: 'what can not be is refused',
      run(): void {
        const { kernel, addDisk } = disksOf(module);
        const disk = addDisk('vda', 'ram', image());
        const fixed = addDisk('vdb', 'ram', image(), true);
        const frame = kernel.frames.alloc(true, 0);
        const { block } = kernel;
        equal('beyond the end', block.submit(disk, false, SECTORS - 1, 2, frame, 1), -EIO);
        equal('before the start', block.submit(disk, false, -1, 1, frame, 1), -EIO);
        equal('no disk', block.submit(99, false, 0, 1, frame, 1), -EIO);
        equal('written though read-only', block.submit(fixed, true, 0, 1, frame, 1), -EROFS);
        const spec = { sectors: 8, readOnly: false, store: 'ram', grant: -1, timed: false } as const;
        equal('a name twice', block.addDisk({ ...spec, name: 'vda' }), -EEXIST);
        equal('a name that is none', block.addDisk({ ...spec, name: '../x' }), -EINVAL);
        equal('no sectors', block.addDisk({ ...spec, name: 'vdc', sectors: 0 }), -EINVAL);
        equal('found', [block.find('vdb'), block.find('vdz'), block.disks().length], [fixed, 0, 2]);
      },
    },
    {
      name: 'the host is asked for one thing at a time, and neighbours go together',
      run(): void {
        const disks = disksOf(module);
        const { kernel } = disks;
        const disk = disks.addDisk('vda', 'host', image());
        for (const [tag, sector] of [32, 0, 8, 16].entries())
          kernel.block.submit(disk, false, sector, 8, kernel.frames.alloc(true, 0), tag + 1);
        equal('requests to the host', disks.fake.requests.size, 1);
        disks.settle();
        const lengths = disks.log.map((request) => (request.kind === 'read' ? request.length : 0));
        equal('lengths', lengths, [8 * SECTOR, 24 * SECTOR]);
        equal('completions', disks.completions.map(([tag]) => tag).sort(), [1, 2, 3, 4]);
      },
    },
    {
      name: 'an error of the host is told to each who asked',
      run(): void {
        const disks = disksOf(module);
        disks.failing = new Set(['read']);
        const disk = disks.addDisk('vda', 'host', image());
        for (const tag of [1, 2, 3])
          disks.kernel.block.submit(disk, false, tag * 8, 8, disks.kernel.frames.alloc(true, 0), tag);
        disks.settle();
        equal(
          'errors',
          disks.completions,
          [1, 2, 3].map((tag) => [tag, -EIO]),
        );
      },
    },
    {
      name: 'a timed disk takes longer for a longer way',
      run(): void {
        const took = (sector: number): number => {
          const disks = disksOf(module);
          const disk = disks.addDisk('vda', 'ram', new Uint8Array(4096 * SECTOR), false, true);
          disks.kernel.block.submit(disk, false, sector, 8, disks.kernel.frames.alloc(true, 0), 1);
          equal('before its time', disks.completions, []);
          disks.settle();
          equal('after its time', disks.completions.length, 1);
          return disks.time.ns;
        };
        holds('the way counts', took(0) < took(64) && took(64) < took(4000));
      },
    },
  ];
}
