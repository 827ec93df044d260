/**
 * What a thread beside a kernel can be asked for, by name (contracts/beside.ts).
 */
import { FUNCTIONS as jit } from '../modules/engine/jit/beside.ts';

const FUNCTIONS: ReadonlyMap<string, (request: never) => unknown> = new Map(Object.entries(jit));

/** Throws if nothing has that name, or if what has fails. */
export function carryOut(name: string, request: unknown): unknown {
  const carry = FUNCTIONS.get(name);
  if (carry === undefined) throw new RangeError(`nothing beside the kernel is called ${name}`);
  return carry(request as never);
}
