import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  array,
  bool,
  decode,
  encode,
  int,
  map,
  nullable,
  oneOf,
  real,
  record,
  set,
  StateError,
  text,
  uint16s,
  uint8s,
} from './schema.ts';

interface Part {
  id: number;
  name: string;
  on: boolean;
  kind: 'a' | 'b';
  ratio: number;
  next: number | null;
}
interface Whole {
  parts: Map<number, Part>;
  order: number[];
  seen: Set<string>;
  bytes: Uint8Array;
  counts: Uint16Array;
}

const blankPart = (): Part => ({ id: 0, name: '', on: false, kind: 'a', ratio: 0, next: null });
const part = record<Part>(
  { id: int(), name: text(), on: bool(), kind: oneOf('a', 'b'), ratio: real(), next: nullable(int()) },
  blankPart,
);
const whole = record<Whole>(
  { parts: map(int(), part), order: array(int()), seen: set(text()), bytes: uint8s(), counts: uint16s() },
  () => ({
    parts: new Map(),
    order: [],
    seen: new Set(),
    bytes: new Uint8Array(0),
    counts: new Uint16Array(0),
  }),
);

const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70, max: 70 }),
  fc.constantFrom(-65, -64, 63, 64, 2 ** 31, -(2 ** 31)),
);
const anyPart: fc.Arbitrary<Part> = fc.record({
  id: safe,
  name: fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
  on: fc.boolean(),
  kind: fc.constantFrom('a' as const, 'b' as const),
  ratio: fc.double({ noNaN: true }),
  next: fc.option(safe, { nil: null }),
});
const anyWhole: fc.Arbitrary<Whole> = fc.record({
  parts: fc.array(fc.tuple(safe, anyPart)).map((entries) => new Map(entries)),
  order: fc.array(safe),
  seen: fc.array(fc.string()).map((items) => new Set(items)),
  bytes: fc.uint8Array(),
  counts: fc.uint16Array(),
});

describe('schema', () => {
  it('reads back what it wrote, in the same order', () => {
    fc.assert(
      fc.property(anyWhole, (value) => {
        whole.check(value, 'whole');
        const copy = decode(whole, encode(whole, value));
        expect(copy).toEqual(value);
        expect([...copy.parts.keys()]).toEqual([...value.parts.keys()]);
        expect([...copy.seen]).toEqual([...value.seen]);
      }),
    );
  });

  it('never reads bytes cut short as a whole value', () => {
    fc.assert(
      fc.property(anyWhole, fc.double({ min: 0, max: 0.999, noNaN: true }), (value, where) => {
        const bytes = encode(whole, value);
        expect(() => decode(whole, bytes.slice(0, Math.floor(bytes.length * where)))).toThrow();
      }),
    );
  });

  it('names the place of what does not fit', () => {
    const value = decode(whole, encode(whole, { ...blankWhole(), parts: new Map([[7, blankPart()]]) }));
    (value.parts.get(7) as { name: unknown }).name = 5;
    expect(() => whole.check(value, 'vm')).toThrow('vm.parts[7].name');
    expect(() => whole.check({ ...blankWhole(), order: [1, 2.5] }, 'vm')).toThrow('vm.order[1]');
    expect(() => whole.check({ ...blankWhole(), more: 1 }, 'vm')).toThrow(StateError);
    expect(() => part.check({ ...blankPart(), id: undefined }, 'p')).toThrow('p.id');
  });

  it('refuses a record whose literal has a field without a schema', () => {
    expect(() => record<{ a: number }>({ a: int() }, () => ({ a: 0, b: 1 }))).toThrow(StateError);
  });
});

function blankWhole(): Whole {
  return {
    parts: new Map(),
    order: [],
    seen: new Set(),
    bytes: new Uint8Array(0),
    counts: new Uint16Array(0),
  };
}
