/**
 * Builds a WebAssembly module: functions over one imported memory, mutable globals, exports; encodes to bytes.
 *
 * A function is declared (so that others may call it), then given locals and a body. The memory is imported as
 * `env.memory` with the loosest limits, so that one compiled module fits every machine of the same shared flag.
 */
import { WasmBytes } from './bytes.ts';
import {
  type Expr,
  node,
  OP_CALL,
  OP_GLOBAL_GET,
  OP_I32_CONST,
  OP_I64_CONST,
  OP_LOCAL_GET,
  OP_LOCAL_TEE,
  OP_SELECT,
  type ValueType,
} from './expr.ts';
import { type Label, Local, type Stmt } from './stmt.ts';

const TYPE_BYTE: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const VOID_BLOCK = 0x40;
const MAX_PAGES = 65536;

function encodeExpr(out: WasmBytes, e: Expr): void {
  if (e.args !== null) for (const argument of e.args) encodeExpr(out, argument);
  if (e.a !== null) encodeExpr(out, e.a);
  if (e.b !== null) encodeExpr(out, e.b);
  if (e.c !== null) encodeExpr(out, e.c);
  const op = e.op;
  if (op >= 0xfc00) {
    out.byte(0xfc);
    out.u32(op & 0xff);
    return;
  }
  out.byte(op);
  if (op === OP_LOCAL_GET || op === OP_LOCAL_TEE || op === OP_GLOBAL_GET || op === OP_CALL) out.u32(e.lo);
  else if (op === OP_I32_CONST) out.s32(e.lo);
  else if (op === OP_I64_CONST) out.s64(e.lo, e.hi);
  else if (op !== OP_SELECT && op >= 0x28 && op <= 0x35) {
    out.byte(0);
    out.u32(e.lo);
  }
}

function relativeDepth(depth: number, to: Label): number {
  if (to.depth < 0) throw new RangeError(`branch to label ${to.name}, which does not enclose it`);
  return depth - 1 - to.depth;
}

function encodeBody(out: WasmBytes, body: readonly Stmt[], depth: number): void {
  for (const s of body) encodeStmt(out, s, depth);
}

function encodeStmt(out: WasmBytes, s: Stmt, depth: number): void {
  switch (s.kind) {
    case 'set':
    case 'setGlobal':
      encodeExpr(out, s.value);
      out.byte(s.kind === 'set' ? 0x21 : 0x24);
      out.u32(s.index);
      break;
    case 'store':
      encodeExpr(out, s.address);
      encodeExpr(out, s.value);
      out.byte(s.op);
      out.byte(0);
      out.u32(s.offset);
      break;
    case 'drop':
      encodeExpr(out, s.value);
      out.byte(0x1a);
      break;
    case 'call':
      for (const argument of s.args) encodeExpr(out, argument);
      out.byte(OP_CALL);
      out.u32(s.index);
      break;
    case 'block':
    case 'loop':
      out.byte(s.kind === 'block' ? 0x02 : 0x03);
      out.byte(VOID_BLOCK);
      if (s.label.depth >= 0) throw new RangeError(`label ${s.label.name} inside itself`);
      s.label.depth = depth;
      encodeBody(out, s.body, depth + 1);
      s.label.depth = -1;
      out.byte(0x0b);
      break;
    case 'if':
      encodeExpr(out, s.condition);
      out.byte(0x04);
      out.byte(VOID_BLOCK);
      encodeBody(out, s.yes, depth + 1);
      if (s.no.length > 0) {
        out.byte(0x05);
        encodeBody(out, s.no, depth + 1);
      }
      out.byte(0x0b);
      break;
    case 'br':
      if (s.condition !== null) encodeExpr(out, s.condition);
      out.byte(s.condition === null ? 0x0c : 0x0d);
      out.u32(relativeDepth(depth, s.label));
      break;
    case 'brTable':
      encodeExpr(out, s.index);
      out.byte(0x0e);
      out.u32(s.labels.length);
      for (const to of s.labels) out.u32(relativeDepth(depth, to));
      out.u32(relativeDepth(depth, s.other));
      break;
    case 'return':
      if (s.value !== null) encodeExpr(out, s.value);
      out.byte(0x0f);
      break;
    case 'unreachable':
      out.byte(0x00);
      break;
  }
}

/** A function of the module under construction, with at most one result. */
export class Func<R extends ValueType = ValueType> {
  readonly index: number;
  readonly result: R | null;
  readonly parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  #body: readonly Stmt[] = [];

  constructor(index: number, parameters: readonly ValueType[], result: R | null) {
    this.index = index;
    this.parameters = parameters;
    this.result = result;
  }

  parameter<T extends ValueType>(type: T, at: number): Local<T> {
    if (this.parameters[at] !== type) throw new TypeError(`parameter ${at} is not ${type}`);
    return new Local(type, at);
  }

  local<T extends ValueType>(type: T): Local<T> {
    this.#locals.push(type);
    return new Local(type, this.parameters.length + this.#locals.length - 1);
  }

  body(...body: readonly Stmt[]): void {
    this.#body = body;
  }

  /** The value of a call. */
  call(...args: readonly Expr[]): Expr<R> {
    if (this.result === null) throw new TypeError('call of a function without a result');
    return node(this.result, OP_CALL, null, null, this.index, 0, null, args);
  }

  /** A call as a statement; the result, if any, is dropped. */
  run(...args: readonly Expr[]): Stmt {
    return this.result === null
      ? { kind: 'call', index: this.index, args }
      : { kind: 'drop', value: this.call(...args) };
  }

  encode(): WasmBytes {
    const out = new WasmBytes(1024);
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    out.u32(groups.length);
    for (const { type, count } of groups) {
      out.u32(count);
      out.byte(TYPE_BYTE[type]);
    }
    encodeBody(out, this.#body, 0);
    if (this.result !== null) out.byte(0x00);
    out.byte(0x0b);
    return out;
  }
}

/** A mutable i32 global, private to each instance. */
export interface Global {
  readonly get: Expr<'i32'>;
  set(value: Expr<'i32'>): Stmt;
}

export class ModuleBuilder {
  readonly #functions: Func[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #globals = 0;

  /** Declare a function; give it a body before `encode`. `name` exports it. */
  func<R extends ValueType = never>(
    parameters: readonly ValueType[],
    result: R | null,
    name: string | null = null,
  ): Func<R> {
    const made = new Func<R>(this.#functions.length, parameters, result);
    this.#functions.push(made as unknown as Func);
    if (name !== null) this.#exports.push({ name, index: made.index });
    return made;
  }

  global(): Global {
    const index = this.#globals++;
    return {
      get: node('i32', OP_GLOBAL_GET, null, null, index),
      set: (value) => ({ kind: 'setGlobal', index, value }),
    };
  }

  /** @returns the binary module */
  encode(shared: boolean): Uint8Array {
    const out = new WasmBytes(65536);
    out.fixed32(0x6d736100);
    out.fixed32(1);
    const section = (id: number, fill: (body: WasmBytes) => void): void => {
      const body = new WasmBytes(1024);
      fill(body);
      out.byte(id);
      out.sized(body);
    };
    section(1, (body) => {
      body.u32(this.#functions.length);
      for (const f of this.#functions) {
        body.byte(0x60);
        body.u32(f.parameters.length);
        for (const type of f.parameters) body.byte(TYPE_BYTE[type]);
        body.u32(f.result === null ? 0 : 1);
        if (f.result !== null) body.byte(TYPE_BYTE[f.result]);
      }
    });
    section(2, (body) => {
      body.u32(1);
      body.name('env');
      body.name('memory');
      body.byte(2);
      body.byte(shared ? 3 : 0);
      body.u32(0);
      if (shared) body.u32(MAX_PAGES);
    });
    section(3, (body) => {
      body.u32(this.#functions.length);
      for (const f of this.#functions) body.u32(f.index);
    });
    section(6, (body) => {
      body.u32(this.#globals);
      for (let i = 0; i < this.#globals; i++) {
        body.byte(TYPE_BYTE.i32);
        body.byte(1);
        body.byte(OP_I32_CONST);
        body.s32(0);
        body.byte(0x0b);
      }
    });
    section(7, (body) => {
      body.u32(this.#exports.length);
      for (const { name, index } of this.#exports) {
        body.name(name);
        body.byte(0);
        body.u32(index);
      }
    });
    section(10, (body) => {
      body.u32(this.#functions.length);
      for (const f of this.#functions) body.sized(f.encode());
    });
    return out.finish().slice();
  }
}
