import { expect, test } from 'vitest';
import type { Answer, Beside } from '../../../contracts/beside.ts';
import { listingOf } from './listing.ts';
import { createOrders, type Found } from './orders.ts';
import type { Conditions } from './region.ts';

const CONDITIONS = {} as Conditions;
const found = (root: number, frame: number): Found => ({
  region: { root, isPart: false, pages: [[root, frame << 12]], listing: listingOf(root, [], new Map()) },
  job: {
    root,
    most: null,
    targets: [],
    doors: new Set(),
    code: new Map(),
    stops: new Set(),
    hot: new Set<number>(),
    isTrusting: true,
    calleeStops: new Set(),
  },
});
const wanted = (root: number, isPart: boolean, again: boolean) => ({
  root,
  isPart,
  again,
  samples: 0,
  instructions: 0,
});

/** Answers when it is told to. */
class Manual implements Beside {
  readonly answers: Answer[] = [];
  asked = 0;
  ask(): number {
    return ++this.asked;
  }
  answer(): Answer | null {
    return this.answers.shift() ?? null;
  }
}

test('what was found in a frame that has changed since is not given out', () => {
  const beside = new Manual();
  const orders = createOrders(beside, () => {});
  expect(orders.place([found(0x1000, 7), found(0x2000, 8)], CONDITIONS)).toBe(true);
  expect(orders.come()).toBe(null);
  orders.dropFrame(7);
  beside.answers.push({ id: 1, value: ['one', 'two'] });
  expect(orders.come()?.map(([{ root }, text]) => [root, text])).toEqual([[0x2000, 'two']]);
  expect(orders.isAny()).toBe(false);
});

test('nothing that was under way is given out after all was dropped', () => {
  const beside = new Manual();
  const orders = createOrders(beside, () => {});
  orders.place([found(0x1000, 7)], CONDITIONS);
  orders.clear();
  expect(orders.isUnderWay(0x1000)).toBe(false);
  orders.place([found(0x1000, 7)], CONDITIONS);
  beside.answers.push({ id: 1, value: ['old'] }, { id: 2, value: ['new'] });
  expect(orders.come()?.map(([, text]) => text)).toEqual(['new']);
});

test('what is wanted in another way meanwhile is wanted again when it has come', () => {
  const beside = new Manual();
  const again: unknown[] = [];
  const orders = createOrders(beside, (root, isPart) => again.push([root, isPart]));
  orders.place([found(0x1000, 7), found(0x2000, 7)], CONDITIONS);
  orders.wantLater(wanted(0x1000, false, false));
  orders.wantLater(wanted(0x2000, false, true));
  expect(again).toEqual([]);
  beside.answers.push({ id: 1, value: ['one', 'two'] });
  expect(orders.come()?.length).toBe(2);
  expect(again).toEqual([[0x2000, false]]);
});

test('after a failure, and where there is no other thread, the caller writes', () => {
  expect(createOrders(null, () => {}).place([found(0x1000, 7)], CONDITIONS)).toBe(false);
  const beside = new Manual();
  const orders = createOrders(beside, () => {});
  orders.place([found(0x1000, 7)], CONDITIONS);
  beside.answers.push({ id: 1, value: null });
  expect(orders.come()).toEqual([]);
  expect(orders.isUnderWay(0x1000)).toBe(false);
  expect(orders.place([found(0x1000, 7)], CONDITIONS)).toBe(false);
});
