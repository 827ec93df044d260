/**
 * Freezing what a guest's module could reach of the kernel's behaviour.
 *
 * A confined module holds the kernel record, and it may do with this kernel what any module may. But classes and
 * functions are shared with the other kernels of the process: a method replaced on a prototype would be called with
 * their objects. So before the first such module is evaluated, every function and prototype within reach is frozen;
 * records and state, which are this kernel's own, are not.
 */
import type { Kernel } from '../contracts/kernel.ts';
import { StateError } from '../contracts/schema.ts';
import { ByteReader, ByteWriter } from '../lib/bytes.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import { Refusal } from './registry.ts';

/** Classes whose instances reach a module as arguments or as what it catches. */
const HANDED_OVER: readonly unknown[] = [ByteReader, ByteWriter, KernelFault, StateError, Refusal];

/**
 * Freeze every function, and every prototype, that can be reached by properties from the kernel record. Only in a realm
 * whose built-in objects are frozen: elsewhere the host confines by other means, and those objects are not ours to freeze.
 */
export function freezeBehaviour(kernel: Kernel): void {
  if (!Object.isFrozen(Object.prototype)) return;
  for (const found of behaviourOf(kernel)) Object.freeze(found);
}

/** Functions and prototypes within reach; elements of collections and what closures hold are not. */
export function behaviourOf(kernel: Kernel): ReadonlySet<object> {
  const seen = new Set<object>();
  const found = new Set<object>();
  const visit = (value: unknown): void => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      return;
    seen.add(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (typeof prototype === 'object' && prototype !== null) found.add(prototype);
    if (typeof value === 'function') {
      found.add(value);
      const own: unknown = Object.getOwnPropertyDescriptor(value, 'prototype')?.value;
      if (typeof own === 'object' && own !== null) found.add(own);
    }
    visit(prototype);
    // Bytes have an element for each property.
    if (ArrayBuffer.isView(value)) return;
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      visit(property?.value);
      visit(property?.get);
      visit(property?.set);
    }
  };
  visit(kernel);
  for (const one of HANDED_OVER) visit(one);
  return found;
}
