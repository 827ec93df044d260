/** Which modules are put together, and that their functions are what they were. */
import { expect, test } from 'vitest';
import { compileModule, createMemory, createTable, instantiate } from '../../../machine/wasm/host.ts';
import { Func } from '../../../machine/wasm/module.ts';
import { brRarelyIf, block, label, ret } from '../../../machine/wasm/stmt.ts';
import { i32, i64 } from '../../../machine/wasm/expr.ts';
import { type Body, moduleOf, nameOf } from './binary.ts';
import { pack, type Packed, toPack } from './packing.ts';
import { TRANSLATION } from './tables.ts';

interface Numbered {
  readonly name: string;
  readonly body: Body;
  readonly number: number;
}

/** Functions that return their number, or 0 if their first argument is; of so many bytes each, about. */
function moduleWith(numbers: readonly number[], size = 0): Packed<Numbered> {
  const made = moduleOf(
    numbers.map((number) => {
      const f = new Func(0, TRANSLATION.parameters, TRANSLATION.results);
      const out = label('out');
      const scratch = f.local('i32');
      f.body(
        ...Array.from({ length: size / 4 }, () => scratch.set(i32.const(1))),
        block(out, [
          brRarelyIf(out, i32.eqz(f.parameter('i32', 0).get)),
          ret(i64.const(number), i32.const(0)),
        ]),
        ret(i64.const(0), i32.const(0)),
      );
      return f.encode();
    }),
    false,
  );
  return {
    bytes: made.bytes,
    regions: numbers.map((number, i) => ({ number, name: nameOf(i), body: made.bodies[i] as Body })),
  };
}

function check({ bytes, regions }: Packed<Numbered>): void {
  const env = { memory: createMemory(0, false), table: createTable(0) };
  const { exports } = instantiate(compileModule(bytes), { env });
  for (const { name, number, body } of regions) {
    const f = exports[name] as (first: number, ...rest: number[]) => [bigint, number];
    expect([f(1, 0, 0, 0)[0], f(0, 0, 0, 0)[0]]).toEqual([BigInt(number), 0n]);
    expect(body.rare).toHaveLength(1);
  }
}

const packed = (modules: readonly Packed<Numbered>[], most = Number.POSITIVE_INFINITY): Packed<Numbered>[] =>
  toPack(modules, most).map((group) => {
    const { bytes, moved } = pack(group, false);
    return { bytes, regions: moved.map(({ region, name, body }) => ({ ...region, name, body })) };
  });
const small = (count: number): Packed<Numbered>[] =>
  Array.from({ length: count }, (_, i) => moduleWith([2 * i + 1, 2 * i + 2]));
const numbersOf = (modules: readonly Packed<Numbered>[]): number[] =>
  modules.flatMap(({ regions }) => regions.map(({ number }) => number)).sort((a, b) => a - b);

test('small modules become one, with all of their functions', () => {
  const modules = small(10);
  for (const module of modules) check(module);
  const packs = packed(modules);
  expect(packs).toHaveLength(1);
  expect(numbersOf(packs)).toEqual(numbersOf(modules));
  packs.forEach(check);
});

test('functions that are not wanted any more are left out', () => {
  const modules = small(10).map(({ bytes, regions }) => ({ bytes, regions: regions.slice(1) }));
  const packs = packed(modules);
  expect(numbersOf(packs)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  packs.forEach(check);
  const whole = modules.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect((packs[0] as Packed<Numbered>).bytes.length).toBeLessThan(whole / 2);
});

test('a few are left alone, and what is much larger than all others together', () => {
  expect(packed(small(7))).toEqual([]);
  const large = moduleWith([100], 1000);
  const few = small(10);
  expect(packed([large, ...few]).map(({ regions }) => regions.length)).toEqual([20]);
  const many = small(40);
  expect(packed([large, ...many]).map(({ regions }) => regions.length)).toEqual([81]);
});

test('no module becomes larger than it may', () => {
  const modules = Array.from({ length: 12 }, (_, i) => moduleWith([i + 1], 100));
  const [{ body }] = (modules[0] as Packed<Numbered>).regions as [Numbered];
  const most = 4 * (body.end - body.start);
  const packs = packed(modules, most);
  expect(packs).toHaveLength(3);
  expect(numbersOf(packs)).toEqual(numbersOf(modules));
  for (const pack of packs) {
    check(pack);
    expect(pack.regions.reduce((sum, one) => sum + one.body.end - one.body.start, 0)).toBeLessThanOrEqual(
      most,
    );
  }
});
