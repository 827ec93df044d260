/**
 * Schemas of kernel state: what a capsule may hold, checked, written to bytes and read back.
 *
 * One schema value yields the validator and the binary codec of a type, so that the two can not drift apart. State
 * is plain data: numbers, strings, booleans, arrays, Map, Set, typed arrays and records of these. Numbers are safe
 * integers unless `real()`; strings are byte strings (one char per byte) unless they come from the host.
 * Map and Set keep their insertion order through a round trip, because modules may iterate over them.
 */
import { ByteReader, ByteWriter } from '../lib/bytes.ts';

/** How to check, write and read one type of value. */
export interface Schema<T> {
  /** Throws StateError naming `path` where `value` is not of this type. */
  check(value: unknown, path: string): void;
  write(value: T, out: ByteWriter): void;
  read(input: ByteReader): T;
}

/** State that does not fit its schema. A bug of the module that left it so. */
export class StateError extends Error {
  readonly path: string;
  readonly expected: string;
  constructor(path: string, expected: string) {
    super(`state at ${path}: expected ${expected}`);
    this.name = 'StateError';
    this.path = path;
    this.expected = expected;
  }
}

/** The error of a part, seen from the whole: paths are put together only once something is wrong, for they cost more than the checks. */
function within(path: string, error: unknown): unknown {
  return error instanceof StateError ? new StateError(`${path}${error.path}`, error.expected) : error;
}

const INT: Schema<number> = {
  check(value, path) {
    if (!Number.isSafeInteger(value)) throw new StateError(path, 'a safe integer');
  },
  write: (value, out) => out.int(value),
  read: (input) => input.int(),
};

/** A safe integer. One for all of the thousand fields that are. */
export const int = (): Schema<number> => INT;

/** Any number, infinities included. */
export const real = (): Schema<number> => ({
  check(value, path) {
    if (typeof value !== 'number') throw new StateError(path, 'a number');
  },
  write: (value, out) => out.real(value),
  read: (input) => input.real(),
});

export const bool = (): Schema<boolean> => ({
  check(value, path) {
    if (typeof value !== 'boolean') throw new StateError(path, 'a boolean');
  },
  write: (value, out) => out.int(value ? 1 : 0),
  read: (input) => input.int() !== 0,
});

export const text = (): Schema<string> => ({
  check(value, path) {
    if (typeof value !== 'string') throw new StateError(path, 'a string');
  },
  write: (value, out) => out.text(value),
  read: (input) => input.text(),
});

/** One of a fixed set of strings. */
export const oneOf = <T extends string>(...names: readonly T[]): Schema<T> => ({
  check(value, path) {
    if (!names.includes(value as T)) throw new StateError(path, `one of ${names.join(', ')}`);
  },
  write: (value, out) => out.int(names.indexOf(value)),
  read: (input) => names[input.int()] as T,
});

/** The typed arrays that state may hold. */
type Typed = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;
interface TypedConstructor<T extends Typed> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): T;
}

const typed = <T extends Typed>(constructor: TypedConstructor<T>): Schema<T> => ({
  check(value, path) {
    if (!(value instanceof constructor)) throw new StateError(path, constructor.name);
  },
  write(value, out) {
    out.int(value.length);
    out.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  },
  read(input) {
    const length = input.int();
    return new constructor(input.raw(length * constructor.BYTES_PER_ELEMENT));
  },
});

export const uint8s = (): Schema<Uint8Array> => typed<Uint8Array>(Uint8Array);
export const uint16s = (): Schema<Uint16Array> => typed<Uint16Array>(Uint16Array);
export const int32s = (): Schema<Int32Array> => typed<Int32Array>(Int32Array);
export const uint32s = (): Schema<Uint32Array> => typed<Uint32Array>(Uint32Array);
export const float64s = (): Schema<Float64Array> => typed<Float64Array>(Float64Array);

export const nullable = <T>(of: Schema<T>): Schema<T | null> => ({
  check(value, path) {
    if (value !== null) of.check(value, path);
  },
  write(value, out) {
    out.int(value === null ? 0 : 1);
    if (value !== null) of.write(value, out);
  },
  read: (input) => (input.int() === 0 ? null : of.read(input)),
});

export const array = <T>(of: Schema<T>): Schema<T[]> => ({
  check(value, path) {
    if (!Array.isArray(value)) throw new StateError(path, 'an array');
    let i = 0;
    try {
      for (; i < value.length; i++) of.check(value[i], '');
    } catch (error) {
      throw within(`${path}[${i}]`, error);
    }
  },
  write(value, out) {
    out.int(value.length);
    for (const item of value) of.write(item, out);
  },
  read(input) {
    const length = input.int();
    const result: T[] = [];
    for (let i = 0; i < length; i++) result.push(of.read(input));
    return result;
  },
});

export const map = <K, V>(key: Schema<K>, of: Schema<V>): Schema<Map<K, V>> => ({
  check(value, path) {
    if (!(value instanceof Map)) throw new StateError(path, 'a Map');
    let at: unknown;
    try {
      for (const [k, v] of value) {
        at = k;
        key.check(k, '');
        of.check(v, '');
      }
    } catch (error) {
      throw within(`${path}[${String(at)}]`, error);
    }
  },
  write(value, out) {
    out.int(value.size);
    for (const [k, v] of value) {
      key.write(k, out);
      of.write(v, out);
    }
  },
  read(input) {
    const size = input.int();
    const result = new Map<K, V>();
    for (let i = 0; i < size; i++) {
      const k = key.read(input);
      result.set(k, of.read(input));
    }
    return result;
  },
});

export const set = <T>(of: Schema<T>): Schema<Set<T>> => ({
  check(value, path) {
    if (!(value instanceof Set)) throw new StateError(path, 'a Set');
    for (const item of value) of.check(item, `${path} item`);
  },
  write(value, out) {
    out.int(value.size);
    for (const item of value) of.write(item, out);
  },
  read(input) {
    const size = input.int();
    const result = new Set<T>();
    for (let i = 0; i < size; i++) result.add(of.read(input));
    return result;
  },
});

/**
 * A record with exactly the named fields.
 *
 * @param fields a schema for each field
 * @param blank the one literal from which every such record is made, by modules and by `read` alike, so that all of
 *   them share one hidden class. Its field values are the defaults.
 */
export function record<T extends object>(
  fields: { readonly [K in keyof T]-?: Schema<T[K]> },
  blank: () => T,
): Schema<T> {
  const entries = Object.entries(fields) as [keyof T & string, Schema<T[keyof T & string]>][];
  const names = new Set<string>(entries.map(([name]) => name));
  for (const name of Object.keys(blank())) {
    if (!names.has(name)) throw new StateError(name, 'a field with a schema');
  }
  return {
    check(value, path) {
      if (typeof value !== 'object' || value === null) throw new StateError(path, 'a record');
      let at = '';
      try {
        for (const [name, schema] of entries) {
          at = name;
          schema.check((value as T)[name], '');
        }
      } catch (error) {
        throw within(`${path}.${at}`, error);
      }
      let count = 0;
      for (const name in value)
        if (++count > entries.length) throw new StateError(`${path}.${name}`, 'no such field');
    },
    write(value, out) {
      for (const [name, schema] of entries) schema.write(value[name], out);
    },
    read(input) {
      const result = blank();
      for (const [name, schema] of entries) result[name] = schema.read(input);
      return result;
    },
  };
}

/** Serialise a value. @returns its bytes, without any framing */
export function encode<T>(schema: Schema<T>, value: T): Uint8Array {
  const out = new ByteWriter();
  schema.write(value, out);
  return out.finish();
}

/** Read a value back. Throws StateError on bytes left over. */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array): T {
  const input = new ByteReader(bytes);
  const value = schema.read(input);
  if (!input.atEnd()) throw new StateError('end', 'no bytes after the value');
  return value;
}
