/**
 * One instruction after the other as WebAssembly statements, all but branches and jumps that end a block.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Scope, Semantics } from '../../../machine/isa/semantics.ts';
import { CTX_FCSR } from '../../../machine/layout.ts';
import { f64, type I32, type I64, i32, i64 } from '../../../machine/wasm/expr.ts';
import { type Local, type Stmt, store, whenRarely } from '../../../machine/wasm/stmt.ts';
import { storeWidth } from '../../../machine/interpreter/scope.ts';
import type { Accesses } from './accesses.ts';
import type { Shared, Web } from './bases.ts';
import { CSR_FFLAGS, CSR_FRM, type Instruction } from './discover.ts';
import type { Exits } from './exits.ts';
import type { RegisterLocals } from './locals.ts';
import { modesNeeded, NX } from './modes.ts';
import { leavesSigned32, low32, shiftedLeft, shiftedRight, unsignedWordShifted } from './narrow.ts';
import type { Point } from './registers.ts';
import { PC_FINISH } from './tables.ts';
import type { Ahead } from './turns.ts';
import type { Aim, Transfers } from './transfers.ts';

const zero = i64.const(0);
const none32 = i32.const(0);

/** What is known before an instruction. */
export interface Known {
  readonly shared: Shared | null;
  /** Registers whose base has a meaning, and those that are in i32 locals. */
  readonly bases: number;
  readonly moved: Web | null;
  /** By which look before some turns an access is done. */
  readonly ahead: Ahead | null;
  /** What tells the look for an access from others, if it is to be guessed what it finds; else null. */
  readonly guess: number | null;
  readonly signed: number;
  /** Bits of fcsr that were looked at. */
  readonly modes: number;
}

export class Instructions {
  readonly #locals: RegisterLocals;
  readonly #accesses: Accesses;
  readonly #transfers: Transfers;
  readonly #exits: Exits;
  readonly #left: Local<'i32'>;

  /** @param left what is left of the budget */
  constructor(
    locals: RegisterLocals,
    accesses: Accesses,
    transfers: Transfers,
    exits: Exits,
    left: Local<'i32'>,
  ) {
    this.#locals = locals;
    this.#accesses = accesses;
    this.#transfers = transfers;
    this.#exits = exits;
    this.#left = left;
  }

  /** fflags, frm or fcsr: fields of one word. What sets or clears nothing does not write. */
  #csr(
    decoded: Decoded,
    { action, immediate }: Extract<Semantics, { kind: 'csr' }>,
    s: Scope,
    out: Stmt[],
  ): void {
    const { imm, rs1 } = decoded.operands;
    const shift = imm === CSR_FRM ? 5 : 0;
    const mask = imm === CSR_FFLAGS ? 0x1f : imm === CSR_FRM ? 0xe0 : 0xff;
    const fcsr = this.#locals.fcsr.get;
    const old = s.bind(i32.shrU(i32.and(fcsr, i32.const(mask)), i32.const(shift)));
    const operand = s.bind(immediate ? i32.const(rs1) : i32.wrap(s.rs1));
    out.push(this.#locals.setRd(decoded, i64.extendU(old)));
    if (action !== 'write' && rs1 === 0) return;
    const value =
      action === 'write'
        ? operand
        : action === 'set'
          ? i32.or(old, operand)
          : i32.and(old, i32.xor(operand, i32.const(-1)));
    const field = i32.and(i32.shl(value, i32.const(shift)), i32.const(mask));
    out.push(
      this.#locals.fcsr.set(i32.or(i32.and(fcsr, i32.const(~mask)), field)),
      store('i32', this.#locals.context.get, fcsr, CTX_FCSR),
    );
  }

  #integer(decoded: Decoded, value: I64, isSigned: boolean, out: Stmt[]): void {
    const { rd, rs1 } = decoded.operands;
    const right = shiftedRight(value);
    const before = right === 0 ? null : this.#locals.shifted(rs1);
    const word = before !== null && value.a === this.#locals.integer(rs1).get ? before : null;
    const from = shiftedLeft(value) === 32 ? low32(value.a as I64) : null;
    this.#locals.forgetShifts(1 << rd);
    if (from !== null) out.push(this.#locals.noteShift(rd, from));
    const exact = word === null ? value : unsignedWordShifted(word, right);
    out.push(this.#locals.setRd(decoded, exact, isSigned));
  }

  /**
   * @param count instructions retired since `left` was brought up to date
   * @returns the same after it
   */
  emit(instruction: Instruction, point: Point, known: Known, count: number, out: Stmt[]): number {
    const { decoded, pc } = instruction;
    const { shared, bases, moved, ahead, guess, modes, signed } = known;
    this.#locals.reset();
    const { operands, length, row } = decoded;
    const meaning: Semantics = row.semantics;
    const leaveIf = (condition: I32): Stmt =>
      this.#exits.leaveIf(
        condition,
        { dirty: point.dirty, valid: point.valid, signed },
        pc + PC_FINISH,
        count,
      );
    const s = this.#locals.scope(decoded, pc, signed, out);
    const isSigned = leavesSigned32(decoded, signed);
    const { x } = point.effects.defines;
    switch (meaning.kind) {
      case 'integer':
        if (operands.rd !== 0) this.#integer(decoded, meaning.value(s), isSigned, out);
        break;
      case 'load':
        out.push(
          ...this.#accesses.at(
            s,
            operands.imm,
            meaning.bytes,
            false,
            { shared, ahead, guess },
            leaveIf,
            (at, offset) => this.#locals.setRd(decoded, meaning.read(at, offset), isSigned),
          ),
        );
        break;
      case 'store':
        out.push(
          ...this.#accesses.at(
            s,
            operands.imm,
            meaning.bytes,
            true,
            { shared, ahead, guess },
            leaveIf,
            (at, offset) =>
              meaning.float && meaning.bytes === 8
                ? store('f64', at, f64.fromBits(s.rs2), offset)
                : store(storeWidth(meaning.bytes), at, s.rs2, offset),
          ),
        );
        break;
      case 'amo': {
        const va = s.bind(s.rs1);
        out.push(leaveIf(i64.ne(i64.and(va, i64.const(meaning.bytes - 1)), zero)));
        const at = s.bind(this.#accesses.alone(out, va, meaning.bytes, true, guess, leaveIf));
        const old = s.bind(meaning.bytes === 4 ? i64.load32S(at) : i64.load(at));
        const operand = s.bind(s.rs2);
        out.push(
          store(storeWidth(meaning.bytes), at, meaning.combine(old, operand)),
          this.#locals.setRd(decoded, old),
        );
        break;
      }
      case 'float': {
        const { fast } = meaning;
        if (fast === null) throw new TypeError(`${row.mnemonic} has no fast path`);
        const { ok, result, unrounded } = fast.value(s);
        const needed = modesNeeded(decoded) & ~modes;
        if (needed !== 0) {
          const found = i32.and(this.#locals.fcsr.get, i32.const(needed));
          const isRounded = leaveIf(i32.eqz(unrounded ?? none32));
          out.push(
            needed === NX
              ? whenRarely(i32.eqz(found), [isRounded])
              : whenRarely(i32.ne(found, i32.const(NX)), [leaveIf(found), isRounded]),
          );
        }
        for (const { usual, rare } of ok) {
          const not = i32.eqz(usual);
          out.push(rare === null ? leaveIf(not) : whenRarely(not, [leaveIf(i32.eqz(rare))]));
        }
        out.push(this.#locals.setRd(decoded, result));
        break;
      }
      case 'csr':
        this.#csr(decoded, meaning, s, out);
        break;
      case 'jal':
      case 'jalr': {
        const target =
          meaning.kind === 'jal'
            ? i64.const(pc + operands.imm)
            : i64.and(i64.add(s.rs1, s.imm), i64.const(-2));
        if (!point.effects.isCall) {
          if (meaning.kind === 'jalr') out.push(this.#transfers.aim(target));
          if (operands.rd !== 0) out.push(this.#locals.setRd(decoded, i64.const(pc + length)));
          break;
        }
        const aim: Aim = { pc: target, known: meaning.kind === 'jal' ? pc + operands.imm : null };
        out.push(
          this.#left.set(i32.sub(this.#left.get, i32.const(count + 1))),
          ...this.#transfers.call(
            aim,
            { rd: operands.rd, value: pc + length, back: instruction.returnsTo ?? pc + length },
            point,
            bases,
            signed,
          ),
        );
        return 0;
      }
      default:
        break;
    }
    if (moved !== null) {
      out.push(this.#accesses.move(moved, operands.imm));
      return count + 1;
    }
    // A base is that of a value that is gone.
    if (meaning.kind !== 'integer') this.#locals.forgetShifts(x);
    if (x !== 0 && ((bases & x) !== 0 || shared?.web.register === 31 - Math.clz32(x)))
      out.push(this.#locals.base(31 - Math.clz32(x)).set(none32));
    return count + 1;
  }
}
