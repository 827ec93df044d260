/**
 * What rewritten code writes is what plain code writes; an undone attempt leaves everything as it was, to the order of keys.
 */
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { scriptsOf } from '../host/instrument/source.ts';
import { createMachine } from '../machine/machine.ts';
import { Journal, type Make } from './journal.ts';

const machine = createMachine({ memoryBytes: 4096, harts: 1, contexts: 1, engineBytes: 64 }, false);

interface State {
  n: number;
  deep: { list: number[]; none: number[] | null };
  list: number[];
  map: Map<string, number>;
  set: Set<number>;
  bytes: Uint8Array;
  words: Int32Array;
  record: Record<string, number>;
}

const fresh = (): State => ({
  n: 1,
  deep: { list: [1, 2, 3], none: null },
  list: [5, 1, 4],
  map: new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]),
  set: new Set([1, 2, 3]),
  bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  words: Int32Array.of(9, 8, 7, 6),
  record: { x: 1, y: 2 },
});

/** Everything that can be seen of a state, order included. */
const seen = (state: State): string =>
  JSON.stringify({
    ...state,
    map: [...state.map],
    set: [...state.set],
    bytes: [...state.bytes],
    words: [...state.words],
  });

/** Bodies of a function of the state `s`; what each returns is compared too. */
const WRITES: readonly string[] = [
  's.n = 2',
  's.n += 2; return s.n',
  'return s.n++ + ++s.n',
  's["n"] = s.n--',
  'let k = "n"; return s[k] *= 5',
  'const keys = ["n", "m"]; let i = 0; s[keys[i++]] = i; return i',
  's.m = 3; s.m = 4; s.n = s.m',
  's.record.z = 1; delete s.record.z; delete s.record.none',
  's.record.x ??= 9; s.record.q ??= 9; s.record.y &&= 0; s.record.y ||= 7',
  '[s.n, s.list[0]] = [s.list[0], s.n]',
  '({ x: s.n, y: s.list[1], ...s.record } = { x: 7, y: 8, z: 9 })',
  '[s.n = 12, ...s.list] = []',
  'for (s.n of [1, 2, 3]); for (s.list[2] in { a: 1 }) s.n--',
  's.list[5] = 1; return s.list.length',
  's.list.length = 1; s.list[1] = 7',
  's.list.length = 9',
  'return s.list.push(1, 2) + s.list.pop() + s.list.shift() + s.list.unshift(8)',
  'return s.list.splice(1, 1, 7, 8, 9)',
  'return s.list.sort((a, b) => a - b).reverse().fill(0, 1, 2)',
  's.list.copyWithin(0, 1); return [].concat(s.list)',
  'let e = []; return [e.pop(), e.shift(), e.length]',
  's.map.set("b", 9); s.map.set("d", 4); return s.map.delete("a")',
  's.map.delete("zz"); s.map.clear(); s.map.set("a", 5)',
  's.set.add(9); s.set.add(1); s.set.delete(2); s.set.add(2)',
  's.set.clear()',
  's.bytes[0] = 300; s.bytes[99] = 1; s.bytes[-1] = 2; s.words[1]++',
  's.bytes.set([9, 9], 3); s.bytes.set(s.bytes.subarray(0, 2), 6)',
  's.bytes.fill(0xff, 2, -1); s.words.fill(3)',
  's.bytes.copyWithin(4, 0, 3); s.words.sort(); s.words.reverse()',
  's.bytes.subarray(2, 5).fill(0)',
  'const v = new DataView(s.bytes.buffer, 2); v.setUint16(1, 0x1234, true); v.setInt8(0, -1); return v.getUint8(0)',
  'Object.assign(s.record, { x: 5, w: 6 }); return Object.assign({}, s.record)',
  'Object.defineProperty(s.record, "p", { value: 1, enumerable: true, configurable: true, writable: true })',
  'Reflect.set(s.record, "x", 8); Reflect.deleteProperty(s.record, "nothing")',
  'Array.prototype.push.call(s.list, 1); Array.prototype.push.apply(s.list, [2, 3])',
  'Reflect.apply(Array.prototype.splice, s.list, [0, 2])',
  's.deep.none?.push(1); s.deep.list?.push(4); return s.deep.none?.push(1)?.toFixed()',
  'return [s.deep?.list.pop().toFixed(), s.nothing?.list.pop().toFixed(), s.deep.list.nope?.(1), s.map?.get("a")]',
  's.deep?.["list"]?.push(7); s.deep = { list: [], none: [] }; s.deep.none.push(3)',
  'const t = { s, get n() { return this.s.n }, set n(v) { this.s.n = v } }; t.n = 9; return t.n',
  'class C { #p = 1; q = 2; up() { return this.#p++ + this.q++; } } const c = new C(); c.up(); s.n = c.up()',
  'class A { set(v) { s.n = v; return this } } class B extends A { set(v) { super.set(v + 1); return this } } new B().set(3)',
  'function* g() { s.n = 5; yield s.n; s.n = yield 1 } const i = g(); i.next(); i.next(); i.next(8)',
  'outer: for (const a of [1, 2]) { for (;;) { s.n += a; continue outer } }',
  'do s.n *= 2; while (s.n < 30); if (s.n) s.n = 1; else s.n = 2',
  'try { s.n = 3; null.x = 1 } catch (e) { s.list.push(e instanceof TypeError) } finally { s.n++ }',
  'const none = null; try { none.set(1, 2) } catch (e) { return e instanceof TypeError }',
  'const f = (a = s.n++, { b = s.n++ } = {}) => (a, b); return [f(), f(1, { b: 2 })]',
  'const { n, list: [first] } = s; s.n = `${n}${s.n = 4}`; return [n, first]',
  'switch (s.n) { case 1: s.n = 2; case 2: s.n += 2; break; default: s.n = 0 }',
  'const fill = "fill"; s.list[fill](3); s.list.slice().fill(9); return s.list.map((x) => x * (s.n += 1))',
  'var x = s.list; (x[0], x)[1] = 3; (s).n = (1, 2); x[(0, 2)] = (3, 4)',
  'return [typeof s.n, void (s.n = 3), new Map(s.map).set("z", 1).size, s.n in [], /=+/.test("a=b")]',
];

const plain = (body: string): ((s: State) => unknown) =>
  runInThisContext(`(function (s) { 'use strict'; ${body} })`) as (s: State) => unknown;

const rewritten = (body: string, journal: Journal): ((s: State) => unknown) => {
  const { logged } = scriptsOf(`export default function (s) { ${body} }`);
  return (runInThisContext(logged) as Make)(journal) as (s: State) => unknown;
};

describe.each(WRITES)('%s', (body) => {
  test('does what plain code does', () => {
    const [ours, theirs] = [fresh(), fresh()];
    expect(rewritten(body, new Journal(machine))(ours)).toEqual(plain(body)(theirs));
    expect(seen(ours)).toBe(seen(theirs));
  });

  test('is undone', () => {
    const journal = new Journal(machine);
    const state = fresh();
    const run = rewritten(body, journal);
    journal.begin();
    run(state);
    run(state);
    journal.undo();
    expect(seen(state)).toBe(seen(fresh()));
    journal.begin();
    run(state);
    journal.commit();
    journal.undo();
    const once = fresh();
    plain(body)(once);
    expect(seen(state)).toBe(seen(once));
  });
});

test('an empty attempt wrote nothing, any other did', () => {
  const journal = new Journal(machine);
  journal.begin();
  rewritten('return s.n', journal)(fresh());
  expect(journal.wrote()).toBe(false);
  rewritten('s.n = 1', journal)(fresh());
  expect(journal.wrote()).toBe(true);
  journal.undo();
  rewritten('s.n = 1', journal)(fresh());
  expect(journal.wrote()).toBe(false);
});

test('memory that the nucleus writes', () => {
  const journal = new Journal(machine);
  machine.u8.set([1, 2, 3], 8);
  journal.begin();
  journal.memory(8, 3);
  machine.u8.fill(9, 8, 11);
  journal.undo();
  expect([...machine.u8.subarray(7, 12)]).toEqual([0, 1, 2, 3, 0]);
});

describe('code that never ends is stopped', () => {
  test.each([
    'for (;;);',
    'while (true) {}',
    'do {} while (1);',
    'for (;;) { try { for (;;); } catch {} }',
    'for (;;) { try { for (;;); } finally { continue; } }',
    'const f = () => { try { f(); } catch {} f(); }; f()',
    'const f = (n) => n > 0 ? f(n - 1) || f(n - 1) : false; f(60)',
    'for (const x of (function* () { for (;;) yield 1; })());',
    'for (;;) [1, 2, 3].forEach((x) => x);',
    'new Array(1000).fill(0).sort(() => { for (;;); })',
  ])('%s', (body) => {
    const journal = new Journal(machine);
    const { counted } = scriptsOf(`export default function (s) { ${body} }`);
    const run = (runInThisContext(counted) as Make)(journal) as (s: State) => unknown;
    journal.left = 100_000;
    expect(() => run(fresh())).toThrow(/steps/);
    expect(journal.overran()).toBe(true);
  });

  test('even where it hides that it was told', () => {
    const journal = new Journal(machine);
    const body = 'try { for (;;); } finally { return 1; }';
    journal.left = 1000;
    expect(rewritten(body, journal)(fresh())).toBe(1);
    expect(journal.overran()).toBe(true);
  });
});
