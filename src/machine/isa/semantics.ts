/**
 * What an instruction does, as expressions that every back end shares.
 *
 * A back end offers a Scope (its way to read operands) and interprets the kind: it decides where values live, how
 * memory is reached and how control goes on, never what the instruction computes. Holds types and constructors.
 */
import type { Expr, I32, I64, ValueType } from '../wasm/expr.ts';
import type { SoftFloat } from '../float/soft-float.ts';

/** Operands of the instruction at hand, as a back end provides them. Each use may be an evaluation: `bind` first. */
export interface Scope {
  /** Register values, of the file that the format says; floats as their 64 raw bits. */
  readonly rs1: I64;
  readonly rs2: I64;
  readonly rs3: I64;
  readonly imm: I64;
  readonly pc: I64;
  /** Effective rounding mode, 0 to 4, already checked. Only in `exact`. */
  readonly rm: I32;
  /** Exact floating point; raises flags by itself. Only in `exact`. */
  readonly soft: SoftFloat;
  /** The host multiplies and adds with one rounding. */
  readonly isFused: boolean;
  /** Evaluate once, here, before the result of the semantics; read any number of times. */
  bind<T extends ValueType>(value: Expr<T>): Expr<T>;
}

/** When the hardware's result may be taken: always, or only with NX raised already and the rounding mode named. */
export type FastWhen = 'always' | 'rne' | 'rtz';

/** Holds if `usual` does or else `rare`; the latter is seldom looked at. */
export interface Guard {
  readonly usual: I32;
  readonly rare: I32 | null;
}

/** Hardware arithmetic for a floating-point instruction, valid where `ok` says so. */
export interface FastFloat {
  readonly when: FastWhen;
  /**
   * @returns the 64-bit register result, and guards under all of which neither it nor the flags differ from `exact`; and what holds, beside these,
   * only if nothing is rounded, so that NX need not be raised already: null where it never need be
   */
  readonly value: (s: Scope) => {
    readonly ok: readonly Guard[];
    readonly result: I64;
    readonly unrounded: I32 | null;
  };
}

export type Semantics =
  /** rd = value, no other effect. */
  | { readonly kind: 'integer'; readonly value: (s: Scope) => I64 }
  /** rd = read at rs1 + imm; `read` takes the physical address. */
  | {
      readonly kind: 'load';
      readonly bytes: number;
      readonly read: (at: I32, offset?: number) => I64;
      readonly unsigned: boolean;
      readonly float: boolean;
    }
  /** The low `bytes` of rs2 to rs1 + imm. */
  | { readonly kind: 'store'; readonly bytes: number; readonly float: boolean }
  | { readonly kind: 'branch'; readonly taken: (s: Scope) => I32 }
  | { readonly kind: 'jal' | 'jalr' | 'fence' | 'fence.i' | 'ecall' | 'ebreak' }
  | { readonly kind: 'lr' | 'sc'; readonly bytes: number }
  /** rd = old (sign extended), memory = combine(old, rs2); both bound already. */
  | { readonly kind: 'amo'; readonly bytes: number; readonly combine: (old: I64, operand: I64) => I64 }
  /** rd = CSR, CSR = write / set / clear with rs1 or the 5-bit number in its place. */
  | { readonly kind: 'csr'; readonly action: 'write' | 'set' | 'clear'; readonly immediate: boolean }
  | {
      readonly kind: 'float';
      readonly exact: (s: Scope) => I64;
      readonly fast: FastFloat | null;
      /** True if the result is an x register. */
      readonly toInteger: boolean;
    };

export const integer = (value: (s: Scope) => I64): Semantics => ({ kind: 'integer', value });
export const branch = (taken: (s: Scope) => I32): Semantics => ({ kind: 'branch', taken });
export const load = (
  bytes: number,
  unsigned: boolean,
  read: (at: I32, offset?: number) => I64,
  float = false,
): Semantics => ({
  kind: 'load',
  bytes,
  read,
  unsigned,
  float,
});
export const store = (bytes: number, float = false): Semantics => ({ kind: 'store', bytes, float });
export const amo = (bytes: number, combine: (old: I64, operand: I64) => I64): Semantics => ({
  kind: 'amo',
  bytes,
  combine,
});
