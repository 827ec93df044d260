/**
 * The translations of an engine: made, found, linked and dropped.
 */
import type { Interpreter } from '../../../machine/interpreter/interpreter.ts';
import { recordAt } from '../../../machine/interpreter/blocks.ts';
import { OP_ENTER, OP_UNDECODED } from '../../../machine/interpreter/ops.ts';
import { predecode } from '../../../machine/interpreter/predecode.ts';
import {
  DROP_RING,
  H_DROP_RING,
  H_DROPS,
  H_RESERVED,
  H_TOUCHED_COUNT,
  R_OP,
} from '../../../machine/interpreter/region.ts';
import { HART_CONTEXT, PAGE_SIZE } from '../../../machine/layout.ts';
import { hartAddress, type Machine } from '../../../machine/machine.ts';
import { cachedModule } from '../../../machine/wasm/cache.ts';
import { compileModule, createTable, instantiate } from '../../../machine/wasm/host.ts';
import { ModuleBuilder } from '../../../machine/wasm/module.ts';
import { createAims } from './aims.ts';
import { type Block, crosses, discover, type Instruction, type ReadCode } from './discover.ts';
import { emitRegion } from './emit.ts';
import type { Tiering } from './tiering.ts';
import { buildEnter, type Enter } from './enter.ts';
import { functionAround } from './roots.ts';
import {
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  LINKS,
  planTables,
  type Tables,
  TRANSLATION,
} from './tables.ts';

const SAMPLES_MOST = 4096;
/** When there are more, all are dropped, and what is hot is translated again. */
const TRANSLATIONS_MOST = 16_384;
const TABLE_SIZE = 4096;
/** Link words that one region may need at most: it has no more calls than instructions. */
const LINKS_OF_ONE = 2048;
const MARK = 0x4a_49_54_31;

/** An address at which a translation is to begin; a part does not begin with a function. */
interface Wanted {
  readonly root: number;
  readonly isPart: boolean;
  /** In place of one that there is. */
  readonly again: boolean;
}

interface Place {
  readonly root: number;
  /** Physical address of the first instruction. */
  readonly address: number;
  /** Virtual and physical addresses of the pages that its code lies in. */
  readonly pages: readonly (readonly [va: number, page: number])[];
}

interface Region extends Place {
  readonly blocks: readonly Block[];
}

interface Translation extends Place {
  readonly place: number;
  readonly link: number;
}

export interface Translations {
  readonly tables: Tables;
  /** The pc of a sample: translate what is hot. */
  sample(hart: number, pc: number): void;
  /** From time to time. */
  tick(hart: number): void;
  /** Translated code went to a pc where none begins. */
  missed(hart: number, pc: number): void;
  /** Place in the function table of the translation that begins at a record, linked; 0 if there is none here. */
  at(hart: number, record: number, pc: number): number;
  enter(place: number, hart: number, left: number): number;
  /** No translation begins at a record. */
  unmark(record: number): void;
  /** Drop what was translated from frames that have changed. */
  settle(): void;
  /** Forget which pages may be written without a look. */
  forgetWrites(): void;
  /** The address space is another. */
  flush(): void;
  flushPage(va: number): void;
  /** Drop everything. */
  forget(): void;
}

export function createTranslations(m: Machine, core: Interpreter, tiering: Tiering): Translations {
  const { plan } = core;
  const tables = planTables(m.layout);
  const table = createTable(TABLE_SIZE);
  const header = plan.header >>> 2;
  const imports = { env: { memory: m.memory, table, finish: core.wasm.finish } };
  /** Made when it is first needed: many a program is over before anything is translated. */
  let enterCode: Enter | null = null;
  const makeEnter = (): Enter =>
    instantiate(cachedModule('jit enter 1.0', m.shared, buildEnter), imports).exports['enter'] as Enter;

  /** By physical address of the first instruction. */
  const known = new Map<number, Translation>();
  /** Virtual addresses at which translations begin. */
  const roots = new Map<number, number>();
  const byFrame = new Map<number, Set<Translation>>();
  let linked: Translation[] = [];
  const linkedPages = new Set<number>();
  /** Numbers of link words by pc. */
  const links = new Map<number, number>();
  const called = new Set<number>();
  const samples = new Map<number, number>();
  const wanted = new Map<number, Wanted>();
  const aims = createAims();
  /** Samples since something was translated. */
  let waited = 0;
  const misses = new Map<number, number>();
  const freePlaces: number[] = [];
  let places = 1;
  let drops = m.u32[header + H_DROPS / 4] as number;

  const linkOf = (pc: number): number => {
    let number = links.get(pc);
    if (number === undefined) {
      number = links.size;
      links.set(pc, number);
    }
    return tables.links + number * 4;
  };

  const forgetFlat = (): void => {
    const count = m.u32[header + H_TOUCHED_COUNT / 4] as number;
    const list = tables.touched >>> 2;
    for (let i = 0; i < count; i++) {
      const page = m.u32[list + i] as number;
      m.u32[(tables.flatRead >>> 2) + page] = 0;
      m.u32[(tables.flatWrite >>> 2) + page] = 0;
    }
    m.u32[header + H_TOUCHED_COUNT / 4] = 0;
  };

  const unlinkAll = (): void => {
    if (linked.length === 0) return;
    for (const { link } of linked) m.u32[link >>> 2] = 0;
    linked = [];
    linkedPages.clear();
    m.u8.fill(0, tables.jumps, tables.jumps + JUMP_ENTRIES * JUMP_ENTRY);
  };

  const unmark = (record: number): void => {
    if (m.u16[(record + R_OP) >>> 1] === OP_ENTER) m.u16[(record + R_OP) >>> 1] = OP_UNDECODED;
  };

  const drop = (translation: Translation): void => {
    const record = recordAt(m, plan, translation.address);
    if (record !== 0) unmark(record);
    if (known.get(translation.address) === translation) known.delete(translation.address);
    for (const [, page] of translation.pages) byFrame.get(page >>> 12)?.delete(translation);
    const others = (roots.get(translation.root) ?? 1) - 1;
    if (others === 0) roots.delete(translation.root);
    else roots.set(translation.root, others);
    table.set(translation.place, null);
    freePlaces.push(translation.place);
  };

  const dropFrame = (frame: number): void => {
    const all = byFrame.get(frame);
    if (all === undefined || all.size === 0) return;
    unlinkAll();
    for (const translation of [...all]) drop(translation);
    byFrame.delete(frame);
  };

  const forget = (): void => {
    unlinkAll();
    for (const translation of [...known.values()]) drop(translation);
    byFrame.clear();
    samples.clear();
    misses.clear();
    wanted.clear();
    aims.clear();
    called.clear();
    drops = m.u32[header + H_DROPS / 4] as number;
  };

  const settle = (): void => {
    const now = m.u32[header + H_DROPS / 4] as number;
    if (now === drops) return;
    if (now - drops > DROP_RING) {
      forget();
      return;
    }
    for (; drops !== now; drops++) {
      dropFrame(m.u32[header + H_DROP_RING / 4 + (drops & (DROP_RING - 1))] as number);
    }
  };

  const isHere = (hart: number, { pages }: Translation): boolean =>
    pages.every(([va, page]) => core.page(hart, va) === page);

  const noteJump = (translation: Translation): void => {
    const entry =
      (tables.jumps +
        ((translation.root << (Math.log2(JUMP_ENTRY) - 1)) & ((JUMP_ENTRIES - 1) * JUMP_ENTRY))) >>>
      2;
    m.u32[entry + JUMP_PC / 4] = translation.root >>> 0;
    m.u32[entry + JUMP_PC / 4 + 1] = Math.floor(translation.root / 2 ** 32);
    m.u32[entry + JUMP_PLACE / 4] = translation.place;
  };

  const link = (translation: Translation): void => {
    m.u32[translation.link >>> 2] = translation.place;
    noteJump(translation);
    linked.push(translation);
    for (const [va] of translation.pages) linkedPages.add(va);
  };

  /** Reads code of the address space that a hart runs, and remembers which pages it has looked at. */
  const reader =
    (hart: number, pages: Map<number, number>): ReadCode =>
    (pc) => {
      const va = pc - (pc % PAGE_SIZE);
      let page = pages.get(va);
      if (page === undefined) {
        page = va < 0 ? 0 : core.page(hart, va);
        pages.set(va, page);
      }
      return page === 0 ? -1 : (m.u16[(page + (pc - va)) >>> 1] as number);
    };

  /** See that the interpreter's records say that this code is code, so that writes to it are noticed. */
  const claim = (blocks: readonly Block[], pages: ReadonlyMap<number, number>): boolean => {
    for (const { code } of blocks) {
      for (const { pc, decoded } of code) {
        for (const at of crosses({ pc, decoded }) ? [pc, pc + 2] : [pc]) {
          const page = pages.get(at - (at % PAGE_SIZE)) ?? 0;
          const record = page === 0 ? 0 : recordAt(m, plan, page + (at % PAGE_SIZE));
          if (record === 0) return false;
          if (m.u16[(record + R_OP) >>> 1] === OP_UNDECODED) predecode(m, plan, record);
        }
      }
    }
    return true;
  };

  /** Find the code of a region and see that writes to it are noticed. @returns null if nothing can be translated there */
  const prepare = (hart: number, { root, isPart }: Wanted): Region | null => {
    const pages = new Map<number, number>();
    const read = reader(hart, pages);
    const blocks = isPart
      ? discover(read, root, tiering.part, roots)
      : discover(read, root, undefined, undefined, aims.targetsOf(root));
    const [first] = blocks;
    // An instruction over a page boundary has a record that must be looked at each time.
    if (first === undefined || crosses(first.code[0] as Instruction) || !claim(blocks, pages)) return null;
    const used = new Set<number>();
    for (const { code } of blocks) {
      for (const { pc, decoded } of code) {
        used.add(pc - (pc % PAGE_SIZE));
        const last = pc + decoded.length - 1;
        used.add(last - (last % PAGE_SIZE));
        if (decoded.row.semantics.kind === 'jal' && decoded.operands.rd !== 0)
          called.add(pc + decoded.operands.imm);
      }
    }
    if (!isPart) aims.note(root, blocks);
    const at = (va: number): number => pages.get(va - (va % PAGE_SIZE)) as number;
    return {
      root,
      blocks,
      address: at(root) + (root % PAGE_SIZE),
      pages: [...used].map((va) => [va, at(va)] as const),
    };
  };

  const install = ({ root, address, pages }: Region, code: unknown): void => {
    const place = freePlaces.pop() ?? places++;
    if (place >= table.length) table.grow(TABLE_SIZE);
    table.set(place, code);
    const translation: Translation = { root, address, pages, place, link: linkOf(root) };
    known.set(address, translation);
    roots.set(root, (roots.get(root) ?? 0) + 1);
    for (const [, page] of pages) {
      const frame = page >>> 12;
      const all = byFrame.get(frame) ?? new Set();
      byFrame.set(frame, all);
      all.add(translation);
    }
  };

  /** Translate all that is wanted, as one module: a module costs more than what is in it. */
  const translateWanted = (hart: number): void => {
    if (known.size > TRANSLATIONS_MOST || links.size > LINKS - LINKS_OF_ONE * wanted.size) {
      const kept = [...wanted];
      forget();
      for (const [root, want] of kept) wanted.set(root, want);
      links.clear();
    }
    const regions: Region[] = [];
    const builder = new ModuleBuilder();
    const type = builder.signature(TRANSLATION);
    for (const want of wanted.values()) {
      const physical = physicalOf(hart, want.root);
      const found = known.get(physical);
      if (found !== undefined && (want.again || found.root !== want.root || !isHere(hart, found))) {
        unlinkAll();
        drop(found);
      }
      if (known.has(physical)) continue;
      const region = prepare(hart, want);
      if (region === null) continue;
      emitRegion(builder.funcOf(TRANSLATION, String(regions.length)), region.blocks, {
        tables,
        type,
        linkOf,
      });
      regions.push(region);
    }
    if (regions.length > 0) {
      const { exports } = instantiate(compileModule(builder.encode(m.shared)), imports);
      regions.forEach((region, i) => {
        install(region, exports[String(i)]);
      });
    }
    for (const { root } of wanted.values()) {
      const address = physicalOf(hart, root);
      const record = known.has(address) ? recordAt(m, plan, address) : 0;
      if (record !== 0) m.u16[(record + R_OP) >>> 1] = OP_ENTER;
    }
    wanted.clear();
    settle();
  };

  const physicalOf = (hart: number, va: number): number =>
    core.page(hart, va - (va % PAGE_SIZE)) + (va % PAGE_SIZE);

  const want = (hart: number, root: number, isPart: boolean): void => {
    if (wanted.has(root)) return;
    if (isPart && !called.has(root)) aims.at(root);
    wanted.set(root, { root, isPart, again: false });
    if (wanted.size >= tiering.batch) translateWanted(hart);
  };

  const mark = header + H_RESERVED / 4;
  if (m.u32[mark] === MARK) {
    forgetFlat();
    m.u8.fill(0, tables.jumps, tables.end);
  } else {
    // Clearing what nobody has written would make pages of it: 9 MiB at each start.
    if (m.u32[mark] !== 0) m.u8.fill(0, tables.flatRead, tables.end);
    m.u32[mark] = MARK;
  }

  return {
    tables,
    sample(hart, pc) {
      settle();
      if (wanted.size > 0 && ++waited >= tiering.patience) {
        waited = 0;
        translateWanted(hart);
      }
      const seen = (samples.get(pc) ?? 0) + 1;
      if (samples.size >= SAMPLES_MOST) samples.clear();
      samples.set(pc, seen);
      if (seen === tiering.hot) {
        const root = functionAround(reader(hart, new Map()), pc, called);
        want(hart, root, false);
      } else if (seen === tiering.stillHot) {
        want(hart, pc, true);
      }
      settle();
    },
    tick(hart) {
      settle();
      for (const root of aims.due()) wanted.set(root, { root, isPart: false, again: true });
      if (wanted.size > 0) translateWanted(hart);
    },
    missed(hart, pc) {
      settle();
      const seen = (misses.get(pc) ?? 0) + 1;
      if (misses.size >= SAMPLES_MOST) misses.clear();
      misses.set(pc, seen);
      if (seen === tiering.missed) want(hart, pc, true);
      settle();
    },
    at(hart, record, pc) {
      const page = core.page(hart, pc - (pc % PAGE_SIZE));
      const found = page === 0 ? undefined : known.get(page + (pc % PAGE_SIZE));
      if (found === undefined || found.root !== pc) {
        unmark(record);
        return 0;
      }
      if (m.u32[found.link >>> 2] === found.place) {
        noteJump(found);
        return found.place;
      }
      if (!isHere(hart, found)) {
        unmark(record);
        return 0;
      }
      link(found);
      return found.place;
    },
    enter(place, hart, left) {
      const block = hartAddress(m.layout, hart);
      const context = m.u32[(block + HART_CONTEXT) >>> 2] as number;
      enterCode ??= makeEnter();
      return enterCode(place, plan.header, block, core.tlbOf(hart), context, left, tables.jumps);
    },
    unmark,
    settle,
    forgetWrites() {
      const count = m.u32[header + H_TOUCHED_COUNT / 4] as number;
      for (let i = 0; i < count; i++) {
        m.u32[(tables.flatWrite >>> 2) + (m.u32[(tables.touched >>> 2) + i] as number)] = 0;
      }
    },
    flush() {
      forgetFlat();
      unlinkAll();
    },
    flushPage(va) {
      if (va < 2 ** 32) {
        m.u32[(tables.flatRead >>> 2) + va / PAGE_SIZE] = 0;
        m.u32[(tables.flatWrite >>> 2) + va / PAGE_SIZE] = 0;
      }
      if (linkedPages.has(va)) unlinkAll();
    },
    forget,
  };
}
