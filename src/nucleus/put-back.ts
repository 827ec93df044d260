/**
 * The ways in which one logged write is undone, each a function of what was written to, where, and what was there.
 */

/** The typed arrays that state may hold, and views of linear memory. */
export type Bytes = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

export const isBytes = (value: object): value is Bytes =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

export function property(target: Record<PropertyKey, unknown>, key: PropertyKey, old: unknown): void {
  target[key] = old;
}

export function noProperty(target: Record<PropertyKey, unknown>, key: PropertyKey): void {
  delete target[key];
}

export function length(target: unknown[], _key: null, old: number): void {
  target.length = old;
}

export function items(target: unknown[], _key: null, old: readonly unknown[]): void {
  target.length = old.length;
  for (let i = 0; i < old.length; i++) target[i] = old[i];
}

export function range(target: Bytes, start: number, old: Bytes): void {
  target.set(old, start);
}

export function entry(target: Map<unknown, unknown>, key: unknown, old: unknown): void {
  target.set(key, old);
}

export function noEntry(target: Map<unknown, unknown> | Set<unknown>, key: unknown): void {
  target.delete(key);
}

/** All of them, so that their order is what it was. */
export function mapEntries(
  target: Map<unknown, unknown>,
  _key: null,
  old: readonly (readonly [unknown, unknown])[],
): void {
  target.clear();
  for (const [key, value] of old) target.set(key, value);
}

export function setValues(target: Set<unknown>, _key: null, old: readonly unknown[]): void {
  target.clear();
  for (const value of old) target.add(value);
}

/** An offset argument of a method of arrays: from the end if negative, within the length. */
export function offset(value: unknown, size: number, absent: number): number {
  const at = value === undefined ? absent : Math.trunc(Number(value)) || 0;
  return Math.min(size, Math.max(0, at < 0 ? size + at : at));
}
