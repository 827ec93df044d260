/**
 * Accesses to guest memory: by the base of their web where they are of one, each by a look of its own where not.
 */
import type { Scope } from '../../../machine/isa/semantics.ts';
import { FLAT_DELTA, FLAT_ENTRY_SHIFT, FLAT_PAGES, FLAT_TAG } from '../../../machine/interpreter/region.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../../machine/layout.ts';
import { type I32, type I64, i32, i64 } from '../../../machine/wasm/expr.ts';
import { block, br, brRarelyIf, label, type Stmt, whenRarely } from '../../../machine/wasm/stmt.ts';
import { NO_BASE, type Shared, type Web } from './bases.ts';
import type { RegisterLocals } from './locals.ts';
import type { Tables } from './tables.ts';

/** What to do if a condition holds, for then an access can not be done here. */
export type Fail = (condition: I32) => Stmt;

const none = i32.const(0);

export class Accesses {
  readonly #tables: Tables;
  readonly #locals: RegisterLocals;

  constructor(tables: Tables, locals: RegisterLocals) {
    this.#tables = tables;
    this.#locals = locals;
  }

  /** What the physical address of some bytes is more than the virtual one. They must lie in one page. */
  #delta(out: Stmt[], va: I64, bytes: number, write: boolean, fail: Fail): I32 {
    const { flatRead, flatWrite } = this.#tables;
    const table = write ? flatWrite : flatRead;
    const page = i32.wrap(i64.shrU(va, i64.const(PAGE_SHIFT - FLAT_ENTRY_SHIFT)));
    const entry = this.#locals.bindIn(out, i32.and(page, i32.const((FLAT_PAGES - 1) << FLAT_ENTRY_SHIFT)));
    const last = bytes > 1 ? i64.add(va, i64.const(bytes - 1)) : va;
    out.push(fail(i64.ne(i64.load(entry, table + FLAT_TAG), i64.and(last, i64.const(-PAGE_SIZE)))));
    return i32.load(entry, table + FLAT_DELTA);
  }

  /** Translate one address. @returns the physical one */
  alone(out: Stmt[], va: I64, bytes: number, write: boolean, fail: Fail): I32 {
    return i32.add(i32.wrap(va), this.#delta(out, va, bytes, write, fail));
  }

  /** Look up the page of a web for its base. @param fail what to do if it does not work */
  #look({ register, low, end, writes }: Web, s: Scope, fail: Fail): readonly Stmt[] {
    const out: Stmt[] = [];
    const va = this.#locals.bindIn(out, i64.add(s.rs1, i64.const(low)));
    const delta = this.#delta(out, va, end - low, writes, fail);
    out.push(this.#locals.base(register).set(i32.add(i32.wrap(va), delta)));
    return out;
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
    shared: Shared | null,
    fail: Fail,
    use: (at: I32, offset: number) => Stmt,
  ): readonly Stmt[] {
    const alone: Stmt[] = [];
    const va = this.#locals.bindIn(alone, i64.add(s.rs1, s.imm));
    alone.push(use(this.alone(alone, va, bytes, write, fail), 0));
    if (shared === null) return alone;
    const { web, always, never } = shared;
    const base = this.#locals.base(web.register);
    const usual = use(base.get, imm - web.low);
    const isUnknown = i32.ltU(base.get, i32.const(NO_BASE));
    if (always) return [whenRarely(isUnknown, alone, [usual])];
    if (web.low === imm && web.end === imm + bytes && web.writes === write) {
      // Where it can not be done by a look, it can not be done.
      const look = this.#look(web, s, fail);
      return [...(never ? look : [whenRarely(isUnknown, look)]), usual];
    }
    const failed = label('failed');
    const done = label('done');
    const look = this.#look(web, s, (condition) => brRarelyIf(failed, condition));
    const fast = [...(never ? look : [whenRarely(isUnknown, look)]), usual, br(done)];
    return [block(done, [block(failed, fast), base.set(none), ...alone])];
  }
}
