/**
 * Builds a WebAssembly module: functions over one imported memory, mutable globals, exports; encodes to bytes.
 *
 * A function is declared (so that others may call it), then given locals and a body. The memory is imported as
 * `env.memory` with the loosest limits, so that one compiled module fits every machine of the same shared flag; functions
 * and a table of them, where used, are imported from `env` too. Source of the hints: WebAssembly branch hinting proposal, phase 5.
 */
import { WasmBytes } from './bytes.ts';
import {
  type Expr,
  node,
  OP_CALL,
  OP_FUSED_F32,
  OP_FUSED_F64,
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
const FUNCREF = 0x70;
const MAX_PAGES = 65536;

/** Opcodes of a splat, of the relaxed multiply-add (LEB128), and of the extraction of lane 0. */
const FUSED_F32 = [0x13, 0x85, 0x02, 0x1f] as const;
const FUSED_F64 = [0x14, 0x87, 0x02, 0x21] as const;

function encodeFused(out: WasmBytes, e: Expr): void {
  const [splat, low, high, extract] = e.op === OP_FUSED_F32 ? FUSED_F32 : FUSED_F64;
  for (const operand of [e.a, e.b, e.c]) {
    encodeExpr(out, operand as Expr);
    out.byte(0xfd);
    out.byte(splat);
  }
  out.byte(0xfd);
  out.byte(low);
  out.byte(high);
  out.byte(0xfd);
  out.byte(extract);
  out.byte(0);
}

function encodeExpr(out: WasmBytes, e: Expr): void {
  if (e.op === OP_FUSED_F32 || e.op === OP_FUSED_F64) {
    encodeFused(out, e);
    return;
  }
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
    if (e.hi === 0) out.u32(e.lo >>> 0);
    else out.openU32(e.hi - 1, e.lo >>> 0);
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
      if (s.rare) out.rare.push(out.length);
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
      if (s.rare) out.rare.push(out.length);
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
      for (const value of s.values) encodeExpr(out, value);
      out.byte(0x0f);
      break;
    case 'callIndirect':
    case 'returnCallIndirect':
      for (const argument of s.args) encodeExpr(out, argument);
      encodeExpr(out, s.index);
      out.byte(s.kind === 'callIndirect' ? 0x11 : 0x13);
      out.u32(s.type);
      out.byte(0);
      if (s.kind === 'callIndirect') {
        // The last result is on top of the stack.
        for (let i = s.into.length - 1; i >= 0; i--) {
          out.byte(0x21);
          out.u32((s.into[i] as Local).index);
        }
      }
      break;
    case 'unreachable':
      out.byte(0x00);
      break;
  }
}

/** A function of the module under construction. With several results it can not be called by an expression. */
export class Func<R extends ValueType = ValueType> {
  readonly index: number;
  readonly results: readonly R[];
  readonly parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  #body: readonly Stmt[] = [];
  #encoded: WasmBytes | null = null;

  constructor(index: number, parameters: readonly ValueType[], results: readonly R[]) {
    this.index = index;
    this.parameters = parameters;
    this.results = results;
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
    this.#encoded = null;
  }

  /** The value of a call. */
  call(...args: readonly Expr[]): Expr<R> {
    const [result] = this.results;
    if (result === undefined || this.results.length > 1)
      throw new TypeError('call of a function without one result');
    return node(result, OP_CALL, null, null, this.index, 0, null, args);
  }

  /** A call as a statement; the result, if any, is dropped. */
  run(...args: readonly Expr[]): Stmt {
    return this.results.length === 0
      ? { kind: 'call', index: this.index, args }
      : { kind: 'drop', value: this.call(...args) };
  }

  /** Take what another function encoded to. */
  given(encoded: WasmBytes): void {
    this.#encoded = encoded;
  }

  /** Locals and body; kept, so that it can be asked for its length beforehand. */
  encode(): WasmBytes {
    this.#encoded ??= this.#encode();
    return this.#encoded;
  }

  #encode(): WasmBytes {
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
    if (this.results.length > 0) out.byte(0x00);
    out.byte(0x0b);
    return out;
  }
}

/** A function's type. */
export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A binary module, and where in it the bodies of the functions that were declared stand. */
export interface Binary {
  readonly bytes: Uint8Array;
  readonly bodies: readonly (readonly [start: number, end: number])[];
}

/** A mutable i32 global, private to each instance. */
export interface Global {
  readonly get: Expr<'i32'>;
  set(value: Expr<'i32'>): Stmt;
}

export class ModuleBuilder {
  readonly #functions: Func[] = [];
  readonly #imported: { readonly name: string; readonly func: Func }[] = [];
  readonly #signatures: Signature[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #globals = 0;

  /** Declare a function; give it a body before `encode`. `name` exports it. */
  func<R extends ValueType = never>(
    parameters: readonly ValueType[],
    result: R | null,
    name: string | null = null,
  ): Func<R> {
    return this.#declare(parameters, result === null ? [] : [result], name);
  }

  /** Declare a function with any number of results. */
  funcOf({ parameters, results }: Signature, name: string): Func {
    return this.#declare(parameters, results, name);
  }

  #declare<R extends ValueType>(
    parameters: readonly ValueType[],
    results: readonly R[],
    name: string | null,
  ): Func<R> {
    const made = new Func<R>(this.#imported.length + this.#functions.length, parameters, results);
    this.#functions.push(made as unknown as Func);
    if (name !== null) this.#exports.push({ name, index: made.index });
    return made;
  }

  /** A function of `env`. Imports come before all functions of the module's own. */
  imported<R extends ValueType = never>(
    name: string,
    parameters: readonly ValueType[],
    result: R | null,
  ): Func<R> {
    if (this.#functions.length > 0) throw new TypeError(`import of ${name} after functions`);
    const func = new Func<R>(this.#imported.length, parameters, result === null ? [] : [result]);
    this.#imported.push({ name, func: func as unknown as Func });
    return func;
  }

  /** Name a type for indirect calls, which go through the table `env.table`. @returns its index */
  signature(type: Signature): number {
    return this.#signatures.push(type) - 1;
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
    return this.encodeWithBodies(shared).bytes;
  }

  /** The same, and where things are. */
  encodeWithBodies(shared: boolean): Binary {
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
      const types: readonly Signature[] = [
        ...this.#signatures,
        ...this.#imported.map(({ func }) => func),
        ...this.#functions,
      ];
      body.u32(types.length);
      for (const { parameters, results } of types) {
        body.byte(0x60);
        body.u32(parameters.length);
        for (const type of parameters) body.byte(TYPE_BYTE[type]);
        body.u32(results.length);
        for (const type of results) body.byte(TYPE_BYTE[type]);
      }
    });
    const firstType = this.#signatures.length;
    const usesTable = firstType > 0;
    section(2, (body) => {
      body.u32(1 + (usesTable ? 1 : 0) + this.#imported.length);
      body.name('env');
      body.name('memory');
      body.byte(2);
      body.byte(shared ? 3 : 0);
      body.u32(0);
      if (shared) body.u32(MAX_PAGES);
      if (usesTable) {
        body.name('env');
        body.name('table');
        body.byte(1);
        body.byte(FUNCREF);
        body.byte(0);
        body.u32(0);
      }
      for (const { name, func } of this.#imported) {
        body.name('env');
        body.name(name);
        body.byte(0);
        body.u32(firstType + func.index);
      }
    });
    section(3, (body) => {
      body.u32(this.#functions.length);
      for (const f of this.#functions) body.u32(firstType + f.index);
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
    const bodies = this.#functions.map((f) => f.encode());
    const hinted = this.#functions.filter((_, i) => (bodies[i] as WasmBytes).rare.length > 0);
    if (hinted.length > 0) {
      section(0, (body) => {
        body.name('metadata.code.branch_hint');
        body.u32(hinted.length);
        for (const f of hinted) {
          const { rare } = bodies[f.index - this.#imported.length] as WasmBytes;
          body.u32(f.index);
          body.u32(rare.length);
          for (const at of rare) {
            body.u32(at);
            body.byte(1);
            body.byte(0);
          }
        }
      });
    }
    const places: [start: number, end: number][] = [];
    let sectionBytes = 0;
    section(10, (body) => {
      body.u32(bodies.length);
      for (const one of bodies) {
        body.sized(one);
        places.push([body.length - one.length, body.length]);
      }
      sectionBytes = body.length;
    });
    const codeStart = out.length - sectionBytes;
    return {
      bytes: out.finish().slice(),
      bodies: places.map(([start, end]) => [codeStart + start, codeStart + end]),
    };
  }
}
