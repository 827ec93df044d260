/**
 * One region as a WebAssembly function: registers in locals, control flow as it is, calls as calls.
 *
 * Built from the ISA's semantics. Where a fast path does not hold, the registers that are dirty are stored and the
 * interpreter does the instruction.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Scope, Semantics } from '../../../machine/isa/semantics.ts';
import { CTX_F, CTX_FCSR, CTX_X } from '../../../machine/layout.ts';
import {
  type Expr,
  f64,
  type I32,
  type I64,
  i32,
  i64,
  select,
  type ValueType,
} from '../../../machine/wasm/expr.ts';
import type { Func } from '../../../machine/wasm/module.ts';
import {
  block,
  br,
  brIf,
  brTable,
  type Label,
  label,
  type Local,
  ret,
  type Stmt,
  store,
  when,
} from '../../../machine/wasm/stmt.ts';
import { storeWidth } from '../../../machine/interpreter/scope.ts';
import { type Block, CSR_FFLAGS, CSR_FRM, DISPATCH, type Instruction } from './discover.ts';
import { buildGraph, type Graph } from './graph.ts';
import { analyse, filesOf, type Flow, none, type Point, type Registers } from './registers.ts';
import { structured } from './structure.ts';
import {
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  PC_FINISH,
  PC_PASSED_HIGH,
  type Tables,
} from './tables.ts';

/** Where things are for all regions of a module. */
export interface Surroundings {
  readonly tables: Tables;
  /** Index of the type TRANSLATION. */
  readonly type: number;
  /** Address of the link word of whatever begins at a pc. */
  readonly linkOf: (pc: number) => number;
}

const RTZ_OR_RNE_NX = 1;
/** fcsr: NX, and the rounding mode. */
const NX_AND_MODE = 0xe1;
const ANY_HIGH = -1;
const COUNT_BITS = 12;
const zero = i64.const(0);
const none32 = i32.const(0);

interface Exit {
  /** Must be stored, and may be: their locals are valid. */
  readonly needs: Registers;
  readonly can: Registers;
  readonly label: Label;
}

/** Operands of one instruction after the other, as registers in locals and constants. */
class RegisterScope implements Scope {
  readonly #value: (file: 'x' | 'f', number: number) => I64;
  readonly #temporary: <T extends ValueType>(type: T) => Local<T>;
  #decoded: Decoded | null = null;
  #pc = 0;
  #before: Stmt[] = [];

  constructor(
    value: (file: 'x' | 'f', number: number) => I64,
    temporary: <T extends ValueType>(type: T) => Local<T>,
  ) {
    this.#value = value;
    this.#temporary = temporary;
  }

  at(decoded: Decoded, pc: number, before: Stmt[]): void {
    this.#decoded = decoded;
    this.#pc = pc;
    this.#before = before;
  }

  #read(operand: 'rs1' | 'rs2' | 'rs3'): I64 {
    const decoded = this.#decoded as Decoded;
    const file = filesOf(decoded.row.format)[operand];
    const number = decoded.operands[operand];
    return file === 'x' && number === 0 ? zero : this.#value(file, number);
  }
  get rs1(): I64 {
    return this.#read('rs1');
  }
  get rs2(): I64 {
    return this.#read('rs2');
  }
  get rs3(): I64 {
    return this.#read('rs3');
  }
  get imm(): I64 {
    return i64.const((this.#decoded as Decoded).operands.imm);
  }
  get pc(): I64 {
    return i64.const(this.#pc);
  }
  get rm(): I32 {
    throw new TypeError('a fast path has no rounding mode');
  }
  get soft(): Scope['soft'] {
    throw new TypeError('a fast path is not exact');
  }
  bind<T extends ValueType>(value: Expr<T>): Expr<T> {
    const kept = this.#temporary(value.type);
    this.#before.push(kept.set(value));
    return kept.get;
  }
}

class Emitter {
  readonly #f: Func;
  readonly #around: Surroundings;
  readonly #graph: Graph;
  readonly #flow: Flow;
  readonly #root: number;
  readonly #context: Local<'i32'>;
  readonly #left: Local<'i32'>;
  readonly #depth: Local<'i32'>;
  readonly #pc: Local<'i64'>;
  readonly #place: Local<'i32'>;
  readonly #at: Local<'i32'>;
  /** As in the context: only what leaves the region, calls among them, changes it. */
  readonly #fcsr: Local<'i32'>;
  readonly #usesModes: boolean;
  readonly #x: (Local<'i64'> | undefined)[] = [];
  readonly #f64: (Local<'f64'> | undefined)[] = [];
  readonly #operands: RegisterScope;
  readonly #exits: Exit[] = [];
  readonly #scratch: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [] };
  readonly #used: Record<ValueType, number> = { i32: 0, i64: 0, f32: 0, f64: 0 };

  constructor(f: Func, blocks: readonly Block[], around: Surroundings) {
    this.#f = f;
    this.#around = around;
    this.#graph = buildGraph(blocks);
    this.#flow = analyse(this.#graph);
    this.#root = (blocks[0] as Block).start;
    this.#context = f.parameter('i32', 0);
    this.#left = f.parameter('i32', 1);
    this.#depth = f.parameter('i32', 2);
    this.#pc = f.local('i64');
    this.#place = f.local('i32');
    this.#at = f.local('i32');
    this.#fcsr = f.local('i32');
    this.#usesModes = blocks.some(({ code }) =>
      code.some(({ decoded: { row } }) => {
        const { semantics } = row;
        return semantics.kind === 'csr' || (semantics.kind === 'float' && semantics.fast?.when !== 'always');
      }),
    );
    this.#operands = new RegisterScope(
      (file, number) => (file === 'x' ? this.#integer(number).get : i64.fromF64Bits(this.#float(number).get)),
      (type) => this.#temporary(type),
    );
  }

  build(): void {
    let body: readonly Stmt[] = structured(this.#graph, (index, go) => this.#block(index, go));
    for (const { label: to, needs } of this.#exits) {
      const offset = i64.extendS(i32.shrS(this.#at.get, i32.const(COUNT_BITS)));
      body = [
        block(to, body),
        ...this.#store(needs),
        ret(
          i64.add(i64.const(this.#root), offset),
          i32.sub(this.#left.get, i32.and(this.#at.get, i32.const((1 << COUNT_BITS) - 1))),
        ),
      ];
    }
    this.#f.body(...this.#load(this.#flow.entry), ...body);
  }

  #integer(number: number): Local<'i64'> {
    const found = this.#x[number] ?? this.#f.local('i64');
    this.#x[number] = found;
    return found;
  }

  #float(number: number): Local<'f64'> {
    const found = this.#f64[number] ?? this.#f.local('f64');
    this.#f64[number] = found;
    return found;
  }

  #load({ x, f }: Registers): Stmt[] {
    const out: Stmt[] = [];
    for (let n = 0; n < 32; n++) {
      if (((x >>> n) & 1) !== 0) out.push(this.#integer(n).set(i64.load(this.#context.get, CTX_X + n * 8)));
      if (((f >>> n) & 1) !== 0) out.push(this.#float(n).set(f64.load(this.#context.get, CTX_F + n * 8)));
    }
    if (this.#usesModes) out.push(this.#fcsr.set(i32.load(this.#context.get, CTX_FCSR)));
    return out;
  }

  #store({ x, f }: Registers): Stmt[] {
    const out: Stmt[] = [];
    for (let n = 0; n < 32; n++) {
      if (((x >>> n) & 1) !== 0)
        out.push(store('i64', this.#context.get, this.#integer(n).get, CTX_X + n * 8));
      if (((f >>> n) & 1) !== 0) out.push(store('f64', this.#context.get, this.#float(n).get, CTX_F + n * 8));
    }
    return out;
  }

  #temporary<T extends ValueType>(type: T): Local<T> {
    const at = this.#used[type]++;
    const found = this.#scratch[type][at] ?? this.#f.local(type);
    this.#scratch[type][at] = found;
    return found as Local<T>;
  }

  /** Leave with the registers of a point stored, if the condition holds. @param count instructions retired that `left` does not know of */
  #leaveIf(condition: I32, dirty: Registers, valid: Registers, pc: number, count: number): Stmt {
    let exit: Exit | undefined;
    for (const one of this.#exits) {
      const lacksX = (one.needs.x | dirty.x) & ~(one.can.x & valid.x);
      const lacksF = (one.needs.f | dirty.f) & ~(one.can.f & valid.f);
      if ((lacksX | lacksF) !== 0) continue;
      exit = one;
      break;
    }
    if (exit === undefined) {
      exit = { needs: none(), can: { ...valid }, label: label('leave') };
      this.#exits.push(exit);
    }
    exit.needs.x |= dirty.x;
    exit.needs.f |= dirty.f;
    exit.can.x &= valid.x;
    exit.can.f &= valid.f;
    const code = ((pc - this.#root) << COUNT_BITS) | count;
    return when(condition, [this.#at.set(i32.const(code)), br(exit.label)]);
  }

  /** The scope of an instruction; good until the next call. */
  #scope(decoded: Decoded, pc: number, before: Stmt[]): Scope {
    this.#operands.at(decoded, pc, before);
    return this.#operands;
  }

  #setRd(decoded: Decoded, value: I64): Stmt {
    const { rd } = decoded.operands;
    const file = filesOf(decoded.row.format).rd;
    if (file === 'f') return this.#float(rd).set(f64.fromBits(value));
    return rd === 0 ? { kind: 'drop', value } : this.#integer(rd).set(value);
  }

  /** Translate an address or leave. @returns the physical address */
  #access(
    out: Stmt[],
    s: Scope,
    va: I64,
    bytes: number,
    write: boolean,
    leaveIf: (condition: I32) => Stmt,
  ): I32 {
    const { flatRead, flatWrite } = this.#around.tables;
    const delta = s.bind(
      i32.load(
        i32.and(i32.wrap(i64.shrU(va, i64.const(10))), i32.const(0x3ffffc)),
        write ? flatWrite : flatRead,
      ),
    );
    const odd = i64.ne(i64.and(va, i64.bits(ANY_HIGH, bytes - 1)), zero);
    out.push(leaveIf(i32.or(i32.eqz(delta), odd)));
    return i32.add(i32.wrap(va), delta);
  }

  #block(index: number, go: (to: number) => readonly Stmt[]): readonly Stmt[] {
    const { code, end } = this.#graph.blocks[index] as Block;
    const points = this.#flow.points[index] as readonly Point[];
    const out: Stmt[] = [];
    /** Instructions retired since `left` was brought up to date. */
    let count = 0;
    code.forEach((instruction, i) => {
      count = this.#instruction(instruction, points[i] as Point, count, out);
    });
    const last = code[code.length - 1] as Instruction | undefined;
    const dirty = this.#flow.dirtyAtEnd[index] as Registers;
    const valid = this.#flow.validAtEnd[index] as Registers;
    const retire = (): void => {
      if (count > 0) out.push(this.#left.set(i32.sub(this.#left.get, i32.const(count))));
    };
    const to = (pc: number, from: number): readonly Stmt[] => {
      const checked = pc <= from;
      const target = this.#graph.target(index, pc);
      if (target < 0) return this.#tail(i64.const(pc), pc, dirty, checked);
      if (!checked) return go(target);
      return [this.#leaveIf(i32.leS(this.#left.get, none32), dirty, valid, pc, 0), ...go(target)];
    };
    switch (end.kind) {
      case 'fall':
        retire();
        out.push(...to(end.next, end.next - 1));
        break;
      case 'jump':
        retire();
        out.push(...to(end.to, (last as Instruction).pc));
        break;
      case 'branch': {
        const { decoded, pc } = last as Instruction;
        const { semantics } = decoded.row;
        if (semantics.kind !== 'branch') throw new TypeError('a block ends in a branch that is none');
        const taken = semantics.taken(this.#scope(decoded, pc, out));
        retire();
        if (end.taken === end.next) {
          // Taken or not, control goes on behind it, and forward is no check point.
          out.push(...to(end.next, pc));
          break;
        }
        out.push(when(taken, to(end.taken, pc), to(end.next, pc)));
        break;
      }
      case 'indirect': {
        const { decoded, pc } = last as Instruction;
        const { rs1, imm } = this.#scope(decoded, pc, out);
        retire();
        const target = i64.and(i64.add(rs1, imm), i64.const(-2));
        const dispatch = end.isReturn ? -1 : this.#graph.target(index, DISPATCH);
        if (end.isReturn) out.push(...this.#store(dirty), ret(target, this.#left.get));
        else if (dispatch < 0) out.push(...this.#tail(target, null, dirty, true));
        else out.push(this.#pc.set(target), ...go(dispatch));
        break;
      }
      case 'dispatch':
        out.push(...this.#dispatch(index, end.targets, go));
        break;
      case 'leave':
        retire();
        out.push(
          ...this.#store(dirty),
          ret(i64.add(i64.const(end.pc), i64.bits(PC_PASSED_HIGH, 0)), this.#left.get),
        );
        break;
    }
    return out;
  }

  /** Go on at `pc`, at one of `targets` or outside. A check point. */
  #dispatch(index: number, targets: readonly number[], go: (to: number) => readonly Stmt[]): readonly Stmt[] {
    const dirty = this.#flow.dirtyAtEnd[index] as Registers;
    const elsewhere = label('elsewhere');
    const inside = targets.flatMap((pc) => {
      const to = this.#graph.target(index, pc);
      return to < 0 ? [] : [{ pc, to, label: label(`to ${pc}`) }];
    });
    const first = Math.min(...inside.map(({ pc }) => pc));
    const last = Math.max(...inside.map(({ pc }) => pc));
    const labels = Array.from({ length: (last - first) / 2 + 1 }, () => elsewhere);
    for (const one of inside) labels[(one.pc - first) / 2] = one.label;
    const offset = i64.sub(this.#pc.get, i64.const(first));
    let body: readonly Stmt[] = [
      brIf(elsewhere, i32.or(i32.leS(this.#left.get, none32), i64.gtU(offset, i64.const(last - first)))),
      brTable(i32.shrU(i32.wrap(offset), i32.const(1)), labels, elsewhere),
    ];
    for (const { label: at, to } of inside) body = [block(at, body), ...go(to)];
    return [block(elsewhere, body), ...this.#tail(this.#pc.get, null, dirty, true)];
  }

  /** Where in the table what begins at a pc is; 0 if it is nowhere. `known` is the pc as a number, if it is one. */
  #lookUp(pc: I64, known: number | null): I32 {
    if (known !== null) return i32.load(none32, this.#around.linkOf(known));
    const entry = i32.and(
      i32.shl(i32.wrap(pc), i32.const(Math.log2(JUMP_ENTRY) - 1)),
      i32.const((JUMP_ENTRIES - 1) * JUMP_ENTRY),
    );
    const { jumps } = this.#around.tables;
    return select(i64.eq(i64.load(entry, jumps + JUMP_PC), pc), i32.load(entry, jumps + JUMP_PLACE), none32);
  }

  /** Go on at a pc outside, in place of this function. @param checked a spent budget stops there */
  #tail(target: I64, known: number | null, dirty: Registers, checked: boolean): readonly Stmt[] {
    const pc = this.#pc;
    const passed = select(
      i32.leS(this.#left.get, none32),
      i64.add(pc.get, i64.bits(PC_PASSED_HIGH, 0)),
      pc.get,
    );
    const found = this.#place.tee(this.#lookUp(pc.get, known));
    const ready = checked ? i32.and(i32.ne(found, none32), i32.gtS(this.#left.get, none32)) : found;
    return [
      ...this.#store(dirty),
      pc.set(target),
      when(ready, [
        {
          kind: 'returnCallIndirect',
          type: this.#around.type,
          index: this.#place.get,
          args: [this.#context.get, this.#left.get, this.#depth.get],
        },
      ]),
      ret(checked ? pc.get : passed, this.#left.get),
    ];
  }

  /** A call: everything is in memory for the callee, and what is needed is loaded after it. */
  #call(target: I64, known: number | null, back: number, point: Point, out: Stmt[]): void {
    const { x, f } = point.dirty;
    const stored = { x: x | point.effects.defines.x, f };
    const pc = this.#pc;
    const left = this.#left;
    const found = this.#place.tee(this.#lookUp(pc.get, known));
    const able = i32.and(i32.gtS(left.get, none32), i32.gtS(this.#depth.get, none32));
    out.push(
      pc.set(target),
      ...[
        ...(point.effects.defines.x === 0
          ? []
          : [this.#integer(31 - Math.clz32(point.effects.defines.x)).set(i64.const(back))]),
      ],
      ...this.#store(stored),
      when(i32.eqz(i32.and(i32.ne(found, none32), able)), [ret(pc.get, left.get)]),
      {
        kind: 'callIndirect',
        type: this.#around.type,
        index: this.#place.get,
        args: [this.#context.get, left.get, i32.sub(this.#depth.get, i32.const(1))],
        into: [pc, left],
      },
      when(i32.or(i64.ne(pc.get, i64.const(back)), i32.leS(left.get, none32)), [ret(pc.get, left.get)]),
      ...this.#load(point.needed),
    );
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
    const fcsr = this.#fcsr.get;
    const old = s.bind(i32.shrU(i32.and(fcsr, i32.const(mask)), i32.const(shift)));
    const operand = s.bind(immediate ? i32.const(rs1) : i32.wrap(s.rs1));
    out.push(this.#setRd(decoded, i64.extendU(old)));
    if (action !== 'write' && rs1 === 0) return;
    const value =
      action === 'write'
        ? operand
        : action === 'set'
          ? i32.or(old, operand)
          : i32.and(old, i32.xor(operand, i32.const(-1)));
    const field = i32.and(i32.shl(value, i32.const(shift)), i32.const(mask));
    out.push(
      this.#fcsr.set(i32.or(i32.and(fcsr, i32.const(~mask)), field)),
      store('i32', this.#context.get, fcsr, CTX_FCSR),
    );
  }

  /** @returns instructions retired since `left` was brought up to date */
  #instruction({ decoded, pc }: Instruction, point: Point, count: number, out: Stmt[]): number {
    this.#used.i32 = this.#used.i64 = this.#used.f32 = this.#used.f64 = 0;
    const { operands, length, row } = decoded;
    const meaning: Semantics = row.semantics;
    const leaveIf = (condition: I32): Stmt =>
      this.#leaveIf(condition, point.dirty, point.valid, pc + PC_FINISH, count);
    const s = this.#scope(decoded, pc, out);
    switch (meaning.kind) {
      case 'integer':
        if (operands.rd !== 0) out.push(this.#setRd(decoded, meaning.value(s)));
        break;
      case 'load': {
        const at = this.#access(out, s, s.bind(i64.add(s.rs1, s.imm)), meaning.bytes, false, leaveIf);
        out.push(this.#setRd(decoded, meaning.read(at)));
        break;
      }
      case 'store': {
        const at = this.#access(out, s, s.bind(i64.add(s.rs1, s.imm)), meaning.bytes, true, leaveIf);
        out.push(
          meaning.float && meaning.bytes === 8
            ? store('f64', at, f64.fromBits(s.rs2))
            : store(storeWidth(meaning.bytes), at, s.rs2),
        );
        break;
      }
      case 'amo': {
        const at = s.bind(this.#access(out, s, s.bind(s.rs1), meaning.bytes, true, leaveIf));
        const old = s.bind(meaning.bytes === 4 ? i64.load32S(at) : i64.load(at));
        const operand = s.bind(s.rs2);
        out.push(
          store(storeWidth(meaning.bytes), at, meaning.combine(old, operand)),
          this.#setRd(decoded, old),
        );
        break;
      }
      case 'float': {
        const { fast } = meaning;
        if (fast === null) throw new TypeError(`${row.mnemonic} has no fast path`);
        const fcsr = this.#fcsr.get;
        // NX must be raised already, and a dynamic rounding mode be the one that the fast path has.
        const mask = fast.when === 'rne' && operands.rm !== 0 ? NX_AND_MODE : RTZ_OR_RNE_NX;
        if (fast.when !== 'always') out.push(leaveIf(i32.ne(i32.and(fcsr, i32.const(mask)), i32.const(1))));
        const { ok, result } = fast.value(s);
        if (ok !== null) out.push(leaveIf(i32.eqz(ok)));
        out.push(this.#setRd(decoded, result));
        break;
      }
      case 'csr':
        this.#csr(decoded, meaning, s, out);
        break;
      case 'jal':
      case 'jalr': {
        if (operands.rd === 0) break;
        const isDirect = meaning.kind === 'jal';
        const target = isDirect
          ? i64.const(pc + operands.imm)
          : i64.and(i64.add(s.rs1, s.imm), i64.const(-2));
        out.push(this.#left.set(i32.sub(this.#left.get, i32.const(count + 1))));
        this.#call(target, isDirect ? pc + operands.imm : null, pc + length, point, out);
        return 0;
      }
      default:
        break;
    }
    return count + 1;
  }
}

/** Give a function of type TRANSLATION the code of a region. @param blocks the root first; at least one */
export function emitRegion(f: Func, blocks: readonly Block[], around: Surroundings): void {
  new Emitter(f, blocks, around).build();
}
