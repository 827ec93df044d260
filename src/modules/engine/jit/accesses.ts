/**
 * Accesses to guest memory: by the base of their web where they are of one, each by a look of its own where not.
 */
import type { Scope } from '../../../machine/isa/semantics.ts';
import { FLAT_DELTA, FLAT_ENTRY_SHIFT, FLAT_PAGES, FLAT_TAG } from '../../../machine/interpreter/region.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../../machine/layout.ts';
import { type I32, type I64, i32, i64 } from '../../../machine/wasm/expr.ts';
import { block, br, brRarelyIf, label, type Stmt, store, whenRarely } from '../../../machine/wasm/stmt.ts';
import { NO_BASE, type Web } from './bases.ts';
import type { RegisterLocals } from './locals.ts';
import type { Guard } from './forms.ts';
import type { Known } from './instructions.ts';
import { low32 } from './narrow.ts';
import { GUESS, GUESSES, type Tables } from './tables.ts';
import type { Lookout, Root } from './turns.ts';

/** A look for all turns of a loop has failed; below NO_BASE. */
const NOT_FOUND = 1;

/** What to do if a condition holds, for then an access can not be done here. */
export type Fail = (condition: I32) => Stmt;

const none = i32.const(0);

const lastOf = (va: I64, bytes: number): I64 => (bytes > 1 ? i64.add(va, i64.const(bytes - 1)) : va);

/** The value of a sum. */
function sumOf(terms: readonly number[], constant: number, value: (register: number) => I64): I64 {
  let sum: I64 = i64.const(constant);
  for (let i = 0; i < terms.length; i += 2) {
    const factor = terms[i + 1] as number;
    const one = value(terms[i] as number);
    const size = Math.abs(factor);
    const part = size === 1 ? one : i64.mul(one, i64.const(size));
    sum = factor < 0 ? i64.sub(sum, part) : i64.add(part, sum);
  }
  return sum;
}

/** A sum is not what it must be, for some constant in its range. */
function isOut({ terms, least, most, lower, upper }: Guard, value: (register: number) => I64): I32 {
  const room = upper - lower - 1 - (most - least);
  return room < 0 ? i32.const(1) : i64.gtU(sumOf(terms, least - lower, value), i64.const(room));
}

export class Accesses {
  readonly #tables: Tables;
  readonly #locals: RegisterLocals;

  constructor(tables: Tables, locals: RegisterLocals) {
    this.#tables = tables;
    this.#locals = locals;
  }

  /**
   * What the physical address of some bytes is more than the virtual one. They must lie in one page.
   * @param last the address of the last one @param guess what tells this look from others if it is to be guessed what it finds; else null
   */
  #delta(out: Stmt[], va: I64, last: I64, write: boolean, guess: number | null, fail: Fail): I32 {
    const { flatRead, flatWrite, guesses } = this.#tables;
    const table = write ? flatWrite : flatRead;
    const page = i32.wrap(i64.shrU(va, i64.const(PAGE_SHIFT - FLAT_ENTRY_SHIFT)));
    const entry = this.#locals.bindIn(out, i32.and(page, i32.const((FLAT_PAGES - 1) << FLAT_ENTRY_SHIFT)));
    const isOther = i64.ne(i64.load(entry, table + FLAT_TAG), i64.and(last, i64.const(-PAGE_SIZE)));
    const found = i32.load(entry, table + FLAT_DELTA);
    if (guess === null) {
      out.push(fail(isOther));
      return found;
    }
    // The address comes of what was found the last time, so the access need not wait for this time's: the processor foresees that they are the same.
    const cell = guesses + (guess % GUESSES) * GUESS;
    const delta = this.#locals.temporary('i32');
    out.push(
      delta.set(i32.load(none, cell)),
      fail(isOther),
      whenRarely(i32.ne(found, delta.get), [delta.set(found), store('i32', none, delta.get, cell)]),
    );
    return delta.get;
  }

  /** Translate one address. @returns the physical one */
  alone(out: Stmt[], va: I64, bytes: number, write: boolean, guess: number | null, fail: Fail): I32 {
    return i32.add(i32.wrap(va), this.#delta(out, va, lastOf(va, bytes), write, guess, fail));
  }

  /** Look up the page of a web for its base. @param fail what to do if it does not work */
  #look({ register, low, end, writes }: Web, s: Scope, guess: number | null, fail: Fail): readonly Stmt[] {
    const out: Stmt[] = [];
    const va = this.#locals.bindIn(out, i64.add(s.rs1, i64.const(low)));
    const delta = this.#delta(out, va, lastOf(va, end - low), writes, guess, fail);
    out.push(this.#locals.base(register).set(i32.add(i32.wrap(va), delta)));
    return out;
  }

  /** Conditions under which turns can not be looked at beforehand. */
  doubts({ roots, guards }: Lookout, value: (register: number) => I64): readonly I32[] {
    const strides = roots.flatMap(({ stride }) =>
      stride === null ? [] : i64.gtU(value(stride.register), i64.const(stride.most)),
    );
    return [...strides, ...guards.map((guard) => isOut(guard, value))];
  }

  /** Look up the page of a range for the turns to come. @param number of the look @param value what registers are now */
  lookAhead(root: Root, number: number, value: (register: number) => I64, fail: Fail): readonly Stmt[] {
    const { terms, low, end, writes, isTable, isSteady, stride } = root;
    const out: Stmt[] = [];
    const va = this.#locals.bindIn(out, sumOf(terms, low, value));
    let last = i64.add(va, i64.const(end - low - 1));
    if (stride !== null) {
      last = i64.add(last, i64.mul(value(stride.register), i64.const(stride.times)));
    }
    const delta = this.#locals.delta(number);
    out.push(delta.set(this.#delta(out, va, isTable ? va : last, writes, null, fail)));
    if (isTable) {
      for (let at = PAGE_SIZE; at < end - low - 1 + PAGE_SIZE; at += PAGE_SIZE) {
        const next = this.#locals.bindIn(out, i64.add(va, i64.const(Math.min(at, end - low - 1))));
        const found = this.#delta(out, next, next, writes, null, fail);
        out.push(fail(i32.ne(found, delta.get)));
      }
    }
    const ahead = this.#locals.ahead(number);
    out.push(ahead.set(i32.add(i32.wrap(va), delta.get)));
    if (!isSteady) return out;
    // What could not be found is not looked for again as long as the loop is not left.
    const look = [fail(ahead.get), ahead.set(i32.const(NOT_FOUND)), ...out];
    return [whenRarely(i32.ltU(ahead.get, i32.const(NO_BASE)), look)];
  }

  /** A loop is come into: what stays the same in it is to be looked up. */
  forgetAhead({ roots }: Lookout): readonly Stmt[] {
    return roots.flatMap(({ isSteady }, number) => (isSteady ? [this.#locals.ahead(number).set(none)] : []));
  }

  /** Move a base along with its register, or forget it where its web would reach out of the page. Nothing known stays that. */
  move({ register, low, end }: Web, by: number): Stmt {
    const base = this.#locals.base(register);
    const offset = i32.and(base.get, i32.const(PAGE_SIZE - 1));
    const isOut =
      by > 0 ? i32.gtU(offset, i32.const(PAGE_SIZE - (end - low) - by)) : i32.ltU(offset, i32.const(-by));
    return whenRarely(isOut, [base.set(none)], [base.set(i32.add(base.get, i32.const(by)))]);
  }

  /**
   * An access to rs1 + imm, by the base of its web if it is of one.
   * @param use what is done with a physical address and an offset from it
   */
  at(
    s: Scope,
    imm: number,
    bytes: number,
    write: boolean,
    { shared, ahead, guess }: Pick<Known, 'shared' | 'ahead' | 'guess'>,
    fail: Fail,
    use: (at: I32, offset: number) => Stmt,
  ): readonly Stmt[] {
    if (ahead !== null) {
      const { number, offset } = ahead;
      if (offset !== null) return [use(this.#locals.ahead(number).get, offset)];
      return [use(i32.add(low32(i64.add(s.rs1, s.imm)), this.#locals.delta(number).get), 0)];
    }
    const alone: Stmt[] = [];
    const va = this.#locals.bindIn(alone, i64.add(s.rs1, s.imm));
    alone.push(use(this.alone(alone, va, bytes, write, guess, fail), 0));
    if (shared === null) return alone;
    const { web, always, never } = shared;
    const base = this.#locals.base(web.register);
    const usual = use(base.get, imm - web.low);
    const isUnknown = i32.ltU(base.get, i32.const(NO_BASE));
    if (always) return [whenRarely(isUnknown, alone, [usual])];
    if (web.low === imm && web.end === imm + bytes && web.writes === write) {
      // Where it can not be done by a look, it can not be done.
      const look = this.#look(web, s, guess, fail);
      return [...(never ? look : [whenRarely(isUnknown, look)]), usual];
    }
    const failed = label('failed');
    const done = label('done');
    const look = this.#look(web, s, guess, (condition) => brRarelyIf(failed, condition));
    const fast = [...(never ? look : [whenRarely(isUnknown, look)]), usual, br(done)];
    return [block(done, [block(failed, fast), base.set(none), ...alone])];
  }
}
