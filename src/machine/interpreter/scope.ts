/**
 * Operands of a predecoded record, as the ISA's semantics want them; shared by fast and slow handlers.
 */
import type { Scope } from '../isa/semantics.ts';
import { CTX_F } from '../layout.ts';
import { type Expr, type I32, type I64, i32, i64, type ValueType } from '../wasm/expr.ts';
import type { Func } from '../wasm/module.ts';
import { type Local, type Stmt, store } from '../wasm/stmt.ts';
import { R_AUX, R_IMM, R_RD, R_RS1, R_RS2 } from './region.ts';

/** Reuses locals between handlers: each handler takes what it needs of each type from the start. */
export class Scratch {
  readonly #f: Func;
  readonly #pools: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [] };
  readonly #used: Record<ValueType, number> = { i32: 0, i64: 0, f32: 0, f64: 0 };
  constructor(f: Func) {
    this.#f = f;
  }
  reset(): void {
    this.#used.i32 = this.#used.i64 = this.#used.f32 = this.#used.f64 = 0;
  }
  take<T extends ValueType>(type: T): Local<T> {
    const pool = this.#pools[type];
    const at = this.#used[type]++;
    const found = pool[at] ?? this.#f.local(type);
    pool[at] = found;
    return found as Local<T>;
  }
}

/** Evaluates a semantics over the record at hand. `before` collects what was bound. */
export function recordScope(
  context: I32,
  record: I32,
  scratch: Scratch,
  before: Stmt[],
  more: Partial<Scope>,
): Scope {
  const at = (offset: number): I64 => i64.load(i32.add(context, i32.load16U(record, offset)));
  const missing = (): never => {
    throw new TypeError('this operand is not available here');
  };
  return {
    rs1: at(R_RS1),
    rs2: at(R_RS2),
    rs3: i64.load(
      i32.add(context, i32.shl(i32.and(i32.load(record, R_AUX), i32.const(31)), i32.const(3))),
      CTX_F,
    ),
    imm: i64.load32S(record, R_IMM),
    isFused: false,
    get pc(): I64 {
      return more.pc ?? missing();
    },
    get rm(): I32 {
      return more.rm ?? missing();
    },
    get soft(): Scope['soft'] {
      return more.soft ?? missing();
    },
    bind<T extends ValueType>(value: Expr<T>): Expr<T> {
      const kept = scratch.take(value.type);
      before.push(kept.set(value));
      return kept.get;
    },
  };
}

/** Store to the destination register of a record. */
export const setRd = (context: I32, record: I32, value: I64): Stmt =>
  store('i64', i32.add(context, i32.load16U(record, R_RD)), value);

/** Name of the store of the low `bytes` of an i64. */
type StoreWidth = 'i64_8' | 'i64_16' | 'i64_32' | 'i64';
export const storeWidth = (bytes: number): StoreWidth =>
  bytes === 1 ? 'i64_8' : bytes === 2 ? 'i64_16' : bytes === 4 ? 'i64_32' : 'i64';
