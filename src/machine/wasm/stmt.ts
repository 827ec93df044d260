/**
 * Typed WebAssembly statements: structured control flow, stores and assignments over expr.ts.
 *
 * A label names one structure at a time; the encoder turns it into a relative depth. Holds no encoding.
 */
import { type Expr, type I32, node, OP_LOCAL_GET, OP_LOCAL_TEE, type ValueType } from './expr.ts';

/** The target of a branch. Branching to a block leaves it, to a loop repeats it. */
export interface Label {
  readonly name: string;
  /** How many structures enclose it while its body is being encoded, else -1; the encoder's. */
  depth: number;
}
export const label = (name: string): Label => ({ name, depth: -1 });

export type Stmt =
  | { readonly kind: 'set'; readonly index: number; readonly value: Expr }
  | { readonly kind: 'setGlobal'; readonly index: number; readonly value: Expr }
  | {
      readonly kind: 'store';
      readonly op: number;
      readonly address: I32;
      readonly value: Expr;
      readonly offset: number;
    }
  | { readonly kind: 'drop'; readonly value: Expr }
  | { readonly kind: 'call'; readonly index: number; readonly args: readonly Expr[] }
  | { readonly kind: 'block' | 'loop'; readonly label: Label; readonly body: readonly Stmt[] }
  | {
      readonly kind: 'if';
      readonly condition: I32;
      readonly yes: readonly Stmt[];
      readonly no: readonly Stmt[];
      /** The condition hardly ever holds: a hint to the host's compiler. */
      readonly rare: boolean;
    }
  | { readonly kind: 'br'; readonly label: Label; readonly condition: I32 | null; readonly rare: boolean }
  | {
      readonly kind: 'brTable';
      readonly labels: readonly Label[];
      readonly other: Label;
      readonly index: I32;
    }
  | { readonly kind: 'return'; readonly values: readonly Expr[] }
  /** Call the function at `index` of the table; its results go `into` locals. */
  | {
      readonly kind: 'callIndirect';
      readonly type: number;
      readonly index: I32;
      readonly args: readonly Expr[];
      readonly into: readonly Local[];
    }
  /** The same in place of this function, whose results are the callee's. */
  | {
      readonly kind: 'returnCallIndirect';
      readonly type: number;
      readonly index: I32;
      readonly args: readonly Expr[];
    }
  | { readonly kind: 'unreachable' };

/** A local variable or parameter of the function under construction. */
export class Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly index: number;
  readonly get: Expr<T>;
  constructor(type: T, index: number) {
    this.type = type;
    this.index = index;
    this.get = node(type, OP_LOCAL_GET, null, null, index);
  }
  set(value: Expr<T>): Stmt {
    return { kind: 'set', index: this.index, value };
  }
  tee(value: Expr<T>): Expr<T> {
    return node(this.type, OP_LOCAL_TEE, value, null, this.index);
  }
}

type StoreOp = 'i32' | 'i64' | 'f32' | 'f64' | 'i32_8' | 'i32_16' | 'i64_8' | 'i64_16' | 'i64_32';
const STORES: Readonly<Record<StoreOp, number>> = {
  i32: 0x36,
  i64: 0x37,
  f32: 0x38,
  f64: 0x39,
  i32_8: 0x3a,
  i32_16: 0x3b,
  i64_8: 0x3c,
  i64_16: 0x3d,
  i64_32: 0x3e,
};

/** Store `value`; `width` names the value's type and, for narrow ones, the bits stored. */
export const store = (width: StoreOp, address: I32, value: Expr, offset = 0): Stmt => ({
  kind: 'store',
  op: STORES[width],
  address,
  value,
  offset,
});
export const block = (to: Label, body: readonly Stmt[]): Stmt => ({ kind: 'block', label: to, body });
export const loop = (to: Label, body: readonly Stmt[]): Stmt => ({ kind: 'loop', label: to, body });
export const when = (condition: I32, yes: readonly Stmt[], no: readonly Stmt[] = []): Stmt => ({
  kind: 'if',
  condition,
  yes,
  no,
  rare: false,
});
/** For what hardly ever happens. */
export const whenRarely = (condition: I32, yes: readonly Stmt[], no: readonly Stmt[] = []): Stmt => ({
  kind: 'if',
  condition,
  yes,
  no,
  rare: true,
});
export const br = (to: Label): Stmt => ({ kind: 'br', label: to, condition: null, rare: false });
export const brIf = (to: Label, condition: I32): Stmt => ({ kind: 'br', label: to, condition, rare: false });
export const brRarelyIf = (to: Label, condition: I32): Stmt => ({
  kind: 'br',
  label: to,
  condition,
  rare: true,
});
export const brTable = (index: I32, labels: readonly Label[], other: Label): Stmt => ({
  kind: 'brTable',
  labels,
  other,
  index,
});
export const ret = (...values: readonly Expr[]): Stmt => ({ kind: 'return', values });
export const unreachable: Stmt = { kind: 'unreachable' };
