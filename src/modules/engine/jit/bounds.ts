/**
 * What the shape of an expression bounds it by, whatever its operands are: masks, shifts to the right, short loads.
 */
import { type Expr, OP_I32_CONST, OP_I64_CONST } from '../../../machine/wasm/expr.ts';

/** Opcodes. Source: WebAssembly Core Specification, section 5.4. */
const I32_ADD = 0x6a;
const I32_AND = 0x71;
const I32_OR = 0x72;
const I32_XOR = 0x73;
const I32_SHL = 0x74;
const I32_SHR_U = 0x76;
const BITS_COUNTED = [0x79, 0x7a, 0x7b];
const ADD = 0x7c;
const AND = 0x83;
const OR = 0x84;
const XOR = 0x85;
const SHL = 0x86;
const SHR_U = 0x88;
const WRAP = 0xa7;
const EXTEND_S = 0xac;
const EXTEND_U = 0xad;
const EXTEND32 = 0xc4;

/** What is larger is no bound. */
const BOUND_MOST = 2 ** 53;
/** What is shifted may have been small before: of something unknown so much may be left. */
const SHIFTED_MOST = 4096;

/** A constant, of 32 or 64 bits, as if unsigned; null for none. Exact below BOUND_MOST. */
function constantOf(e: Expr | null): number | null {
  if (e?.op === OP_I64_CONST) return (e.hi >>> 0) * 2 ** 32 + (e.lo >>> 0);
  if (e?.op === OP_I32_CONST) return e.lo >>> 0;
  if (e?.op !== WRAP) return null;
  const inner = constantOf(e.a);
  return inner === null ? null : inner % 2 ** 32;
}

const lesser = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

/** All bits up to the highest of a number. */
const filled = (most: number): number => {
  let all = 1;
  while (all <= most) all *= 2;
  return all - 1;
};

/** A word, from -2^31: the same as a number if its highest bit is 0. */
const ifPositive = (most: number | null): number | null => (most !== null && most < 2 ** 31 ? most : null);

/**
 * The most that an expression of an integer type can be, unsigned; null if that is not known, or too much.
 * @param of the same of what has operands in it; asked first
 */
export function mostOf(e: Expr | null, of: (e: Expr) => number | null): number | null {
  if (e === null) return null;
  const known = of(e);
  if (known !== null) return known;
  const a = (): number | null => mostOf(e.a, of);
  const b = (): number | null => mostOf(e.b, of);
  const within = (most: number | null): number | null =>
    most !== null && most < (e.type === 'i32' ? 2 ** 32 : BOUND_MOST) ? most : null;
  switch (e.op) {
    case OP_I32_CONST:
    case OP_I64_CONST:
      return within(constantOf(e));
    case I32_AND:
    case AND:
      return lesser(a(), b());
    case I32_ADD:
    case ADD: {
      const [left, right] = [a(), b()];
      return left === null || right === null ? null : within(left + right);
    }
    case I32_OR:
    case I32_XOR:
    case OR:
    case XOR: {
      const [left, right] = [a(), b()];
      return left === null || right === null ? null : within(filled(Math.max(left, right)));
    }
    case I32_SHR_U:
    case SHR_U: {
      const by = constantOf(e.b);
      const width = e.op === SHR_U ? 64 : 32;
      if (by === null || by >= width) return null;
      const most = a();
      if (most !== null) return within(Math.floor(most / 2 ** by));
      return 2 ** (width - by) > SHIFTED_MOST ? null : 2 ** (width - by) - 1;
    }
    case I32_SHL:
    case SHL: {
      const by = constantOf(e.b);
      const most = a();
      return by === null || by >= (e.op === SHL ? 64 : 32) || most === null ? null : within(most * 2 ** by);
    }
    case WRAP: {
      const most = a();
      return most !== null && most < 2 ** 32 ? most : null;
    }
    case EXTEND_U:
      return a();
    case EXTEND_S:
    case EXTEND32:
      return ifPositive(a());
    default:
      return BITS_COUNTED.includes(e.op) ? 64 : null;
  }
}
