/**
 * A priority queue of ids as plain data: a binary heap that knows where each id is.
 *
 * `put`, `move` and `remove` are O(log n), the first is at hand. Order: smallest key first, equal keys by the smaller tie.
 */
import { array, int, map, real, record, type Schema } from '../contracts/schema.ts';

/** Four views of one heap: at position i is `ids[i]` with `keys[i]` and `ties[i]`, and `places` says where an id is. */
export interface Heap {
  ids: number[];
  keys: number[];
  ties: number[];
  places: Map<number, number>;
}

export const createHeap = (): Heap => ({ ids: [], keys: [], ties: [], places: new Map() });

export const heapSchema: Schema<Heap> = record<Heap>(
  { ids: array(int()), keys: array(real()), ties: array(real()), places: map(int(), int()) },
  createHeap,
);

/** The id that comes first; 0 if there is none. */
export const firstOf = (heap: Heap): number => heap.ids[0] ?? 0;

/** Put an id in, or where it belongs by another key. */
export function put(heap: Heap, id: number, key: number, tie: number): void {
  let at = heap.places.get(id);
  if (at === undefined) {
    at = heap.ids.length;
    heap.ids.push(id);
    heap.keys.push(key);
    heap.ties.push(tie);
    heap.places.set(id, at);
  } else {
    heap.keys[at] = key;
    heap.ties[at] = tie;
  }
  sink(heap, rise(heap, at));
}

/** @returns false if it was not there */
export function remove(heap: Heap, id: number): boolean {
  const at = heap.places.get(id);
  if (at === undefined) return false;
  const last = heap.ids.length - 1;
  if (at !== last) swap(heap, at, last);
  heap.ids.pop();
  heap.keys.pop();
  heap.ties.pop();
  heap.places.delete(id);
  if (at !== last) sink(heap, rise(heap, at));
  return true;
}

/** All ids, first to last; the heap stays as it is. */
export function inOrder(heap: Heap): number[] {
  return heap.ids
    .map((_, at) => at)
    .sort((a, b) => (before(heap, a, b) ? -1 : 1))
    .map((at) => heap.ids[at] as number);
}

export function clear(heap: Heap): void {
  heap.ids.length = 0;
  heap.keys.length = 0;
  heap.ties.length = 0;
  heap.places.clear();
}

/** @returns what is wrong with it, or null */
export function faultOf(heap: Heap): string | null {
  const { ids, keys, ties, places } = heap;
  if (keys.length !== ids.length || ties.length !== ids.length || places.size !== ids.length) {
    return 'the views of a heap differ in length';
  }
  for (let at = 0; at < ids.length; at++) {
    if (places.get(ids[at] as number) !== at) return `a heap has lost ${ids[at]}`;
    if (at > 0 && before(heap, at, (at - 1) >> 1)) return `a heap is out of order at ${ids[at]}`;
  }
  return null;
}

function before(heap: Heap, a: number, b: number): boolean {
  const left = heap.keys[a] as number;
  const right = heap.keys[b] as number;
  return left < right || (left === right && (heap.ties[a] as number) < (heap.ties[b] as number));
}

function swap(heap: Heap, a: number, b: number): void {
  const { ids, keys, ties, places } = heap;
  const id = ids[a] as number;
  const key = keys[a] as number;
  const tie = ties[a] as number;
  ids[a] = ids[b] as number;
  keys[a] = keys[b] as number;
  ties[a] = ties[b] as number;
  ids[b] = id;
  keys[b] = key;
  ties[b] = tie;
  places.set(ids[a] as number, a);
  places.set(id, b);
}

/** @returns where it came to rest */
function rise(heap: Heap, from: number): number {
  let at = from;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!before(heap, at, above)) break;
    swap(heap, at, above);
    at = above;
  }
  return at;
}

function sink(heap: Heap, from: number): void {
  const { length } = heap.ids;
  for (let at = from; ; ) {
    let least = 2 * at + 1;
    if (least >= length) return;
    if (least + 1 < length && before(heap, least + 1, least)) least++;
    if (!before(heap, least, at)) return;
    swap(heap, at, least);
    at = least;
  }
}
