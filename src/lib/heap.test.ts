import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../contracts/schema.ts';
import { clear, createHeap, faultOf, firstOf, heapSchema, inOrder, put, remove } from './heap.ts';

const step = fc.record({
  act: fc.constantFrom('put', 'put', 'remove', 'copy'),
  id: fc.integer({ min: 1, max: 12 }),
  key: fc.integer({ min: -4, max: 4 }),
});

describe('heap', () => {
  it('is a sorted list to who looks at it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let heap = createHeap();
        let model: { id: number; key: number; tie: number }[] = [];
        steps.forEach(({ act, id, key }, tie) => {
          const there = model.some((other) => other.id === id);
          if (act !== 'copy') model = model.filter((other) => other.id !== id);
          if (act === 'put') {
            put(heap, id, key, tie);
            model.push({ id, key, tie });
          }
          if (act === 'remove') expect(remove(heap, id)).toBe(there);
          if (act === 'copy') heap = decode(heapSchema, encode(heapSchema, heap).slice());
          model.sort((a, b) => a.key - b.key || a.tie - b.tie);
          expect(faultOf(heap)).toBeNull();
          expect(firstOf(heap)).toBe(model[0]?.id ?? 0);
        });
        expect(inOrder(heap)).toEqual(model.map(({ id }) => id));
        clear(heap);
        expect([firstOf(heap), faultOf(heap)]).toEqual([0, null]);
      }),
    );
  });

  it('tells what is wrong with one that was tampered with', () => {
    const heap = createHeap();
    for (const id of [1, 2, 3]) put(heap, id, id, 0);
    const spoiled = { ...heap, keys: [3, 2, 1] };
    expect(faultOf(spoiled)).toMatch(/out of order/);
    expect(faultOf({ ...heap, places: new Map([[1, 0]]) })).toMatch(/differ in length/);
    expect(faultOf({ ...heap, ids: [1, 3, 2] })).toMatch(/lost/);
  });
});
