/**
 * What every cache of disk units must do (`buffercacheConformance`).
 */
import fc from 'fast-check';
import { EIO } from '../abi/linux/errno.ts';
import type { Block, BlockState } from '../contracts/block.ts';
import { type BufferCache, type BufferCacheState, LEAST_UNITS, UNIT } from '../contracts/buffercache.ts';
import { WAIT } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type Check, equal, holds } from './check.ts';
import { type FakeDisks, fakeDisks } from './fake-disk-kernel.ts';

type BufferModule = Module<BufferCache, BufferCacheState>;
type BlockModule = Module<Block, BlockState>;

/** Units of the disk, more than are kept. */
const UNITS = 400;

function image(): Uint8Array {
  const bytes = new Uint8Array(UNITS * UNIT);
  for (let unit = 0; unit < UNITS; unit++) bytes.fill(unit % 251, unit * UNIT, (unit + 1) * UNIT);
  return bytes;
}

interface Step {
  readonly kind:
    | 'get'
    | 'change'
    | 'replace-unit'
    | 'prefetch'
    | 'sync'
    | 'write-back'
    | 'drop'
    | 'reclaim'
    | 'transfer';
  readonly unit: number;
  readonly byte: number;
}
const step = (kind: Step['kind']): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind), unit: fc.nat(UNITS - 1), byte: fc.nat(255) });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: step('get') },
    { weight: 6, arbitrary: step('change') },
    { weight: 6, arbitrary: step('replace-unit') },
    { weight: 3, arbitrary: step('prefetch') },
    step('sync'),
    step('write-back'),
    step('drop'),
    step('reclaim'),
    { weight: 2, arbitrary: step('transfer') },
  ),
  { minLength: 100, maxLength: 800, size: 'max' },
);

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Ask until it is there. */
function settled(disks: FakeDisks, ask: () => number): number {
  for (let i = 0; i < 1000; i++) {
    const answer = ask();
    if (answer !== WAIT) return answer;
    disks.settle();
  }
  throw new Error('it waits for ever');
}

function agrees(
  modules: readonly BufferModule[],
  block: BlockModule,
  store: 'ram' | 'host',
  list: readonly Step[],
): void {
  const disks = fakeDisks({ block, buffercache: modules[0] as BufferModule }, 2048);
  const { kernel } = disks;
  const model = image();
  const disk = disks.addDisk('vda', store, model);
  let turn = 0;
  for (const { kind, unit, byte } of list) {
    const { buffercache } = kernel;
    switch (kind) {
      case 'get': {
        const frame = settled(disks, () => kernel.buffercache.get(disk, unit));
        holds('there is a frame', frame > 0);
        const got = kernel.machine.u8.subarray(frame * UNIT, (frame + 1) * UNIT);
        holds(
          'it has what was put there last',
          sameBytes(got, model.subarray(unit * UNIT, (unit + 1) * UNIT)),
        );
        break;
      }
      case 'change':
      case 'replace-unit': {
        const whole = kind === 'replace-unit';
        const ask = (): number =>
          whole ? kernel.buffercache.blank(disk, unit) : kernel.buffercache.get(disk, unit);
        const frame = settled(disks, ask);
        const from = unit * UNIT + (whole ? 0 : 100);
        const to = whole ? (unit + 1) * UNIT : from + 50;
        kernel.machine.u8.fill(byte, frame * UNIT + (from % UNIT), frame * UNIT + (from % UNIT) + to - from);
        model.fill(byte, from, to);
        kernel.buffercache.changed(disk, unit);
        break;
      }
      case 'prefetch':
        buffercache.prefetch(disk, unit, (byte % 16) + 1);
        break;
      case 'sync':
        equal(
          'sync',
          settled(disks, () => kernel.buffercache.sync(disk)),
          0,
        );
        if (store === 'host') holds('the file has it all', sameBytes(disks.file(disk), model));
        break;
      case 'write-back':
        buffercache.writeBack(0);
        break;
      case 'drop':
        buffercache.drop(disk);
        break;
      case 'reclaim':
        holds('no more than asked for', buffercache.reclaim(byte) <= byte);
        break;
      case 'transfer':
        disks.transfer({ block, buffercache: modules[++turn % modules.length] as BufferModule });
    }
    holds('it is bounded', kernel.buffercache.counts().units <= kernel.buffercache.counts().limit);
  }
  equal(
    'sync at the end',
    settled(disks, () => kernel.buffercache.sync(disk)),
    0,
  );
  disks.transfer();
}

/**
 * @param block a module of `block` to work on
 * @param others modules of the same layout, that it is exchanged with
 */
export function buffercacheConformance(
  module: BufferModule,
  block: BlockModule,
  others: readonly BufferModule[] = [module],
): readonly Check[] {
  const make = (frames = 2048): FakeDisks => fakeDisks({ block, buffercache: module }, frames);
  return [
    ...(['ram', 'host'] as const).map((store) => ({
      name: `a unit is what was put there last, and so is the disk after a sync: ${store}`,
      run: (): void =>
        fc.assert(
          fc.property(steps, (list) => agrees([module, ...others], block, store, list)),
          { numRuns: 12, endOnFailure: true },
        ),
    })),
    {
      name: 'what lies beyond the disk is an error, and so is what can not be read, once for each who asks',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { kernel } = disks;
        equal(
          'beyond',
          [kernel.buffercache.get(disk, UNITS), kernel.buffercache.blank(disk, UNITS)],
          [-EIO, -EIO],
        );
        disks.failing = new Set(['read']);
        equal(
          'failed',
          settled(disks, () => kernel.buffercache.get(disk, 3)),
          -EIO,
        );
        disks.failing = new Set();
        holds('it can be read later', settled(disks, () => kernel.buffercache.get(disk, 3)) > 0);
      },
    },
    {
      name: 'a write that failed is told by the next sync, and by that one only',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { buffercache } = disks.kernel;
        disks.failing = new Set(['write']);
        settled(disks, () => buffercache.blank(disk, 1));
        buffercache.changed(disk, 1);
        equal(
          'sync',
          settled(disks, () => buffercache.sync(disk)),
          -EIO,
        );
        equal(
          'the next',
          settled(disks, () => buffercache.sync(disk)),
          0,
        );
      },
    },
    {
      name: 'what was stored stays while writes of it fail, whatever else comes, and is written when they do not',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { kernel, fake } = disks;
        if (kernel.buffercache.store === undefined) return;
        const frame = kernel.frames.alloc(true, 0);
        fake.kernel.machine.u8.fill(77, frame * UNIT, (frame + 1) * UNIT);
        disks.failing = new Set(['write']);
        equal(
          'store',
          settled(disks, () => kernel.buffercache.store?.(disk, 3, frame) ?? 0),
          0,
        );
        kernel.buffercache.writeBack(disk);
        disks.settle();
        equal('another', kernel.buffercache.store(disk, 4, frame), -EIO);
        equal('retried', kernel.buffercache.retry?.(disk), 1);
        disks.settle();
        for (let unit = 8; unit < UNITS; unit++) settled(disks, () => kernel.buffercache.get(disk, unit));
        disks.transfer();
        const kept = settled(disks, () => disks.kernel.buffercache.get(disk, 3));
        equal('what it holds', disks.kernel.machine.u8[kept * UNIT + 5], 77);
        disks.failing = new Set();
        disks.kernel.buffercache.retry?.(disk);
        disks.settle();
        equal('what the disk holds', disks.file(disk)[3 * UNIT + 5], 77);
        equal(
          'now',
          settled(disks, () => disks.kernel.buffercache.store?.(disk, 4, frame) ?? 0),
          0,
        );
        disks.kernel.buffercache.discard?.(disk, 4);
        disks.kernel.buffercache.writeBack(disk);
        disks.settle();
        equal('what was discarded is not written', disks.file(disk)[4 * UNIT + 5], 4);
      },
    },
    {
      name: 'a held unit stays, whatever else comes',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { buffercache } = disks.kernel;
        const frame = settled(disks, () => buffercache.get(disk, 7));
        buffercache.hold(disk, 7);
        for (let unit = 8; unit < UNITS; unit++) settled(disks, () => buffercache.get(disk, unit));
        equal('its frame', buffercache.get(disk, 7), frame);
        buffercache.release(disk, 7);
        equal('units', buffercache.counts().units, LEAST_UNITS);
      },
    },
    {
      name: 'a flush follows the writes that a sync waits for, and nothing is flushed twice',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { buffercache } = disks.kernel;
        for (const unit of [9, 2, 5]) {
          settled(disks, () => buffercache.blank(disk, unit));
          buffercache.changed(disk, unit);
        }
        settled(disks, () => buffercache.sync(disk));
        settled(disks, () => buffercache.sync(disk));
        equal('the last request', disks.log.at(-1)?.kind, 'flush');
        equal('flushes', disks.log.filter(({ kind }) => kind === 'flush').length, 1);
      },
    },
    {
      name: 'a change goes to the disk by itself after some time',
      run(): void {
        const disks = make();
        const disk = disks.addDisk('vda', 'host', image());
        const { buffercache } = disks.kernel;
        settled(disks, () => buffercache.get(disk, 1));
        buffercache.changed(disk, 1);
        equal('dirty', buffercache.counts().dirty, 1);
        holds('a timer is armed', disks.pass());
        disks.settle();
        equal('dirty later', buffercache.counts().dirty, 0);
        equal('the last request', disks.log.at(-1)?.kind, 'write');
      },
    },
  ];
}
