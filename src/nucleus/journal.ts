/**
 * The journal: what a kernel entry has written, so that it can be undone; and the count of steps that it may take.
 *
 * Rewritten module code (host/instrument) tells of each place before it writes there. Holds the log of the attempt in
 * progress, oldest first, and nothing between attempts. Undoing goes backwards, so that a place written twice ends as it
 * began. Insertion order of Map and Set is restored too: modules iterate over them, and runs must repeat.
 */
import { KernelFault } from '../lib/kernel-fault.ts';
import type { Machine } from '../machine/machine.ts';
import * as back from './put-back.ts';

/** What rewritten code calls; nothing else of the kernel's is within its reach by this name. */
export interface Runtime {
  /** Steps left: loops, calls and catch clauses each take one. */
  left: number;
  /** The key that `at` was given last. */
  readonly key: PropertyKey;
  /** `target[key]` is about to be written. @returns target */
  at(target: object, key: PropertyKey): object;
  /** `target[name](...list)`, logged if it changes a collection. */
  call(target: object, name: PropertyKey, ...list: unknown[]): unknown;
  /** The same where target may be nullish (`target?.name()`) and the method too (`target.name?.()`). */
  maybe(
    target: object | null | undefined,
    name: PropertyKey,
    list: () => unknown[],
    optional: boolean,
  ): unknown;
  /** No steps are left. Throws. */
  overrun(): never;
}

/** Builds the instance-independent part of a module for one kernel; what evaluating rewritten code gives. */
export type Make = (runtime: Runtime) => unknown;

/**
 * Steps of one kernel entry before it counts as one that never ends: about half a second here. Large entries are copies of a big
 * address space, which take a few steps a page.
 */
export const STEPS_PER_ENTRY = 50_000_000;

/** Bytes of the largest value that a DataView writes. */
const LARGEST_SCALAR = 8;

type Undo = (target: never, key: never, old: never) => void;
type Method = (...list: unknown[]) => unknown;

export class Journal implements Runtime {
  left: number = STEPS_PER_ENTRY;
  key: PropertyKey = '';
  /** True while an attempt is logged. */
  #open = false;
  readonly #undo: Undo[] = [];
  readonly #targets: object[] = [];
  readonly #keys: unknown[] = [];
  readonly #olds: unknown[] = [];
  /** Collections of which a whole copy was logged: nothing later of them needs to be. */
  readonly #copied = new Set<object>();
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** An attempt begins. */
  begin(): void {
    this.refill();
    this.#open = true;
  }

  /** As many steps as one entry may take. */
  refill(): void {
    this.left = STEPS_PER_ENTRY;
  }

  /** True if steps ran out since the refill, even if whoever was told so went on. */
  overran(): boolean {
    return this.left < 0;
  }

  /** True if the attempt has written anything. */
  wrote(): boolean {
    return this.#undo.length > 0;
  }

  /** The attempt is kept. */
  commit(): void {
    this.#open = false;
    if (this.#undo.length === 0) return;
    for (const list of [this.#undo, this.#targets, this.#keys, this.#olds]) list.length = 0;
    this.#copied.clear();
  }

  /** Everything that the attempt has written is as it was before. */
  undo(): void {
    this.#open = false;
    for (let i = this.#undo.length - 1; i >= 0; i--) {
      const undo = this.#undo[i] as (target: object, key: unknown, old: unknown) => void;
      try {
        undo(this.#targets[i] as object, this.#keys[i], this.#olds[i]);
      } catch {
        // An object of the module's own making that will not be written: plain state always can be.
      }
    }
    this.commit();
  }

  /** Bytes of linear memory are about to be written by the nucleus itself. */
  memory(address: number, count: number): void {
    if (this.#open) this.#range(this.#machine.u8, address, address + count);
  }

  at(target: object, key: PropertyKey): object {
    this.key = key;
    if (!this.#open || typeof target !== 'object' || target === null) return target;
    if (back.isBytes(target)) {
      const index = Number(key);
      if (index >= 0 && index < target.length) this.#log(back.property, target, key, target[index]);
      return target;
    }
    if (Array.isArray(target)) {
      if (key === 'length') this.#items(target);
      else {
        const index = Number(key);
        if (index >= target.length) this.#log(back.length, target, null, target.length);
        else this.#log(back.property, target, key, target[index]);
      }
      return target;
    }
    const own = Object.getOwnPropertyDescriptor(target, key);
    if (own === undefined) this.#log(back.noProperty, target, key, undefined);
    else this.#log(back.property, target, key, own.get === undefined ? own.value : Reflect.get(target, key));
    return target;
  }

  call(target: object, name: PropertyKey, ...list: unknown[]): unknown {
    if (this.#open) this.#change(target, name, list);
    return Reflect.apply((target as Record<PropertyKey, unknown>)[name] as Method, target, list);
  }

  maybe(
    target: object | null | undefined,
    name: PropertyKey,
    list: () => unknown[],
    optional: boolean,
  ): unknown {
    if (target === null || target === undefined) return undefined;
    if (optional && (target as Record<PropertyKey, unknown>)[name] == null) return undefined;
    return this.call(target, name, ...list());
  }

  overrun(): never {
    throw new KernelFault(`a module took more than ${STEPS_PER_ENTRY} steps in one kernel entry`);
  }

  /** Log what a method is about to change; nothing where it is none that does. */
  #change(target: object, name: PropertyKey, list: readonly unknown[]): void {
    if (target instanceof Map) this.#changeMap(target, name, list[0]);
    else if (target instanceof Set) this.#changeSet(target, name, list[0]);
    else if (Array.isArray(target)) this.#changeArray(target, name);
    else if (back.isBytes(target)) this.#changeBytes(target, name, list);
    else if (target instanceof DataView) this.#changeView(target, name, list[0]);
    else if (target === Object || target === Reflect) this.#changeArgument(name, list);
    else if (typeof target === 'function') this.#borrowed(target as Method, name, list);
  }

  #changeMap(target: Map<unknown, unknown>, name: PropertyKey, key: unknown): void {
    if (name === 'set') {
      if (target.has(key)) this.#log(back.entry, target, key, target.get(key));
      else this.#log(back.noEntry, target, key, undefined);
    } else if ((name === 'delete' && target.has(key)) || name === 'clear') {
      if (this.#copies(target)) this.#log(back.mapEntries, target, null, [...target]);
    }
  }

  #changeSet(target: Set<unknown>, name: PropertyKey, value: unknown): void {
    if (name === 'add') {
      if (!target.has(value)) this.#log(back.noEntry, target, value, undefined);
    } else if ((name === 'delete' && target.has(value)) || name === 'clear') {
      if (this.#copies(target)) this.#log(back.setValues, target, null, [...target]);
    }
  }

  #changeArray(target: unknown[], name: PropertyKey): void {
    switch (name) {
      case 'push':
        this.#log(back.length, target, null, target.length);
        break;
      case 'pop':
        if (target.length > 0) this.#log(back.property, target, target.length - 1, target.at(-1));
        break;
      case 'shift':
      case 'unshift':
      case 'splice':
      case 'sort':
      case 'reverse':
      case 'fill':
      case 'copyWithin':
        this.#items(target);
    }
  }

  #changeBytes(target: back.Bytes, name: PropertyKey, list: readonly unknown[]): void {
    const { length } = target;
    switch (name) {
      case 'set': {
        const start = Math.trunc(Number(list[1] ?? 0));
        this.#range(target, start, start + ((list[0] as ArrayLike<number> | null)?.length ?? 0));
        break;
      }
      case 'fill':
        this.#range(target, back.offset(list[1], length, 0), back.offset(list[2], length, length));
        break;
      case 'copyWithin': {
        const to = back.offset(list[0], length, 0);
        const count = back.offset(list[2], length, length) - back.offset(list[1], length, 0);
        this.#range(target, to, to + Math.max(0, count));
        break;
      }
      case 'sort':
      case 'reverse':
        this.#range(target, 0, length);
    }
  }

  #changeView(target: DataView, name: PropertyKey, at: unknown): void {
    if (typeof name !== 'string' || !name.startsWith('set')) return;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    const start = Math.trunc(Number(at ?? 0));
    this.#range(bytes, start, start + LARGEST_SCALAR);
  }

  /** Object.assign and its like change their first argument. */
  #changeArgument(name: PropertyKey, list: readonly unknown[]): void {
    const target = list[0] as object;
    const keys =
      name === 'assign'
        ? list.slice(1).flatMap((source) => (source == null ? [] : Reflect.ownKeys(Object(source))))
        : name === 'defineProperties'
          ? Reflect.ownKeys(Object(list[1]))
          : name === 'set' || name === 'defineProperty' || name === 'deleteProperty'
            ? [list[1] as PropertyKey]
            : [];
    for (const key of keys) this.at(target, key);
    if (name === 'apply') this.#borrowed(list[0] as Method, 'apply', list.slice(1));
  }

  /** A method that is called on what it was not taken from. */
  #borrowed(method: Method, how: PropertyKey, list: readonly unknown[]): void {
    const target = list[0] as Record<string, unknown> | null | undefined;
    if ((how !== 'call' && how !== 'apply') || typeof target !== 'object' || target === null) return;
    if (target[method.name] !== method) return;
    const rest = how === 'call' ? list.slice(1) : Array.from((list[1] ?? []) as ArrayLike<unknown>);
    this.#change(target, method.name, rest);
  }

  #items(target: unknown[]): void {
    if (this.#copies(target)) this.#log(back.items, target, null, target.slice());
  }

  #range(target: back.Bytes, start: number, end: number): void {
    const from = Math.max(0, start);
    const to = Math.min(target.length, end);
    if (from < to) this.#log(back.range, target, from, target.slice(from, to));
  }

  /** True the first time that a whole copy of a collection is to be logged. */
  #copies(target: object): boolean {
    if (this.#copied.has(target)) return false;
    this.#copied.add(target);
    return true;
  }

  #log(undo: Undo, target: object, key: unknown, old: unknown): void {
    this.#undo.push(undo);
    this.#targets.push(target);
    this.#keys.push(key);
    this.#olds.push(old);
  }
}
