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
  H_HIGH,
  H_RESERVED,
  H_TOUCHED_COUNT,
  R_OP,
} from '../../../machine/interpreter/region.ts';
import { HART_CONTEXT, PAGE_SIZE } from '../../../machine/layout.ts';
import { hartAddress, type Machine } from '../../../machine/machine.ts';
import { cachedModule } from '../../../machine/wasm/cache.ts';
import { hasFusedMultiplyAdd } from '../../../machine/wasm/fused.ts';
import {
  compileModule,
  createTable,
  instantiate,
  type WasmImports,
  type WasmInstance,
  type WasmTable,
} from '../../../machine/wasm/host.ts';
import { type Func, ModuleBuilder } from '../../../machine/wasm/module.ts';
import { createAims } from './aims.ts';
import type { TranslationCounts } from '../../../contracts/engine.ts';
import { type CacheOptions, createCodeCache, type Emitted } from './cache.ts';
import { type Block, crosses, discover, type ReadCode } from './discover.ts';
import { emitRegion, type WayIn } from './emit.ts';
import type { Tiering } from './tiering.ts';
import { buildEnter, type Enter } from './enter.ts';
import { functionAround } from './roots.ts';
import {
  JUMP_ENTER,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  LINK,
  LINK_ENTER,
  LINKS,
  planTables,
  type Tables,
  TRANSLATION,
} from './tables.ts';

const NO_DOORS: ReadonlySet<number> = new Set();
/** What part of `missed` makes an address worth remembering. */
const REMEMBERED = 1 / 8;
/** A translation that was refused so often is made again, relying on less. */
const REFUSALS_MOST = 16;
/** From a pc, in halfwords, to its entry among the jumps. */
const JUMP_SHIFT = Math.log2(JUMP_ENTRY) - 1;
/** So many look-ups of high pages since the last time make translations wide, so many ticks without any make them narrow again. */
const WIDE_FROM = 256;
const NARROW_AFTER = 100;
/** How many instructions may be translated at once at most, however long nothing was. */
const CREDIT_MOST = 4000;
/** How much that is wanted and not paid for is remembered. */
const UNPAID_MOST = 64;
const SAMPLES_MOST = 4096;
/** When there are more, all are dropped, and what is hot is translated again. */
const TRANSLATIONS_MOST = 16_384;
const TABLE_SIZE = 4096;
/** Instances of modules that are gone, beside as many as there are modules, after which the table is made anew. */
const DEAD_MOST = 64;
/** Targets of calls that are remembered. */
const CALLED_MOST = 65_536;
/** Link words that one region may need at most: it has no more calls than instructions. */
const LINKS_OF_ONE = 2048;
const MARK = 0x4a_49_54_32;

/** An address at which a translation is to begin; a part does not begin with a function. */
interface Wanted {
  readonly root: number;
  readonly isPart: boolean;
  /** In place of one that there is. */
  readonly again: boolean;
  /** How often it was seen running. */
  readonly samples: number;
  /** How many there are, if that is known by now; else 0. */
  readonly instructions: number;
}

interface Place {
  readonly root: number;
  readonly isPart: boolean;
  /** Virtual and physical addresses of the pages that its code lies in. */
  readonly pages: readonly (readonly [va: number, page: number])[];
}

interface Region extends Place {
  readonly blocks: readonly Block[];
}

/** A region as it was written, not yet compiled. */
interface Written {
  readonly region: Region;
  readonly ways: readonly WayIn[];
  /** The link words that it uses, by pc. */
  readonly calls: ReadonlySet<number>;
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && (value & (value - 1)) === 0;
/** Where two can be entered at one address: that of a whole function is better, best if it begins there. */
const rank = ({ enter, translation: { isPart } }: Door): number => (isPart ? 0 : enter === 0 ? 2 : 1);
/** An instruction there may lie on two pages, and then its record must be looked at each time. */
const isOnEdge = (pc: number): boolean => pc % PAGE_SIZE === PAGE_SIZE - 2;

interface Translation extends Place {
  readonly place: number;
  /** What the module that it is in exports it as. */
  readonly name: string;
  readonly doors: readonly Door[];
  readonly calls: ReadonlySet<number>;
  readonly emitted: Emitted<Translation>;
  linked: boolean;
}

/** Where a translation can be entered. */
export interface Door extends WayIn {
  /** Physical address. */
  readonly address: number;
  readonly translation: Translation;
}

export interface Translations {
  readonly tables: Tables;
  /** So many instructions were run since this was said last. */
  ran(instructions: number): void;
  /** The pc of a sample: translate what is hot. */
  sample(hart: number, pc: number): void;
  /** From time to time. */
  tick(hart: number): void;
  /** Translated code went to a pc where none begins. */
  missed(hart: number, pc: number): void;
  /** The way into a translation at a record, linked; null if there is none here. */
  at(hart: number, record: number, pc: number): Door | null;
  enter(door: Door, hart: number, left: number): number;
  /** A translation could not be entered at a pc: it is hidden for the time being. @returns null if nothing begins there now */
  refused(hart: number, pc: number): Door | null;
  /** The translation can be found again, unless it is gone. */
  unhide(door: Door): void;
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
  counts(): TranslationCounts;
}

export function createTranslations(
  m: Machine,
  core: Interpreter,
  tiering: Tiering,
  options: CacheOptions,
): Translations {
  const { plan } = core;
  const tables = planTables(m.layout);
  let table = createTable(TABLE_SIZE);
  const header = plan.header >>> 2;
  const importsOf = (functions: WasmTable): WasmImports => ({
    env: { memory: m.memory, table: functions, finish: core.wasm.finish },
  });
  let imports = importsOf(table);
  let isFused: boolean | null = null;
  let enterCode: Enter | null = null;
  const makeEnter = (): Enter =>
    instantiate(cachedModule('jit enter 2.0', m.shared, buildEnter), imports).exports['enter'] as Enter;

  /** By physical address. */
  const known = new Map<number, Door>();
  /** How many translations can be entered at a virtual address. */
  const roots = new Map<number, number>();
  /** Doors of linked translations by virtual address. */
  const open = new Map<number, Door>();
  const cache = createCodeCache<Translation>(options);
  /** Instances that import the table. */
  let instances = 0;
  const byFrame = new Map<number, Set<Translation>>();
  let linked: Translation[] = [];
  const linkedPages = new Set<number>();
  /** Numbers of link words by pc. */
  const links = new Map<number, number>();
  /** By number, how many regions have a link word in their code; numbers that none has. */
  const linkUses: number[] = [];
  const freeLinks: number[] = [];
  const called = new Set<number>();
  const samples = new Map<number, number>();
  const wanted = new Map<number, Wanted>();
  const aims = createAims();
  /** How often a translation could not be entered for what it relies on, by root. */
  const refusals = new Map<number, number>();
  /** Instructions that were run and not used up by translating. */
  let credit = 0;
  /** Of what is wanted, how much could not be paid for the last time. */
  let unpaidBefore = 0;
  /** Samples since something was translated, and misses of what is not there because of that. */
  let waited = 0;
  let impatient = 0;
  /** Translations look pages up in the TLB; how often a high page was looked up, and how many ticks ago the last was. */
  let isWide = false;
  let highBefore = 0;
  let narrowTicks = 0;
  const misses = new Map<number, number>();
  const freePlaces: number[] = [];
  let places = 1;
  let drops = m.u32[header + H_DROPS / 4] as number;

  const linkOf = (pc: number): number => {
    let number = links.get(pc);
    if (number === undefined) {
      number = freeLinks.pop() ?? linkUses.push(0) - 1;
      links.set(pc, number);
      const door = open.get(pc);
      if (door !== undefined) setLink(number, door);
    }
    return tables.links + number * LINK;
  };
  const setLink = (number: number, door: Door | null): void => {
    const word = (tables.links + number * LINK) >>> 2;
    m.u32[word] = door === null ? 0 : door.translation.place;
    m.u32[word + LINK_ENTER / 4] = door === null ? 0 : door.enter;
  };

  const holdLinks = (calls: ReadonlySet<number>): void => {
    for (const pc of calls) (linkUses[links.get(pc) as number] as number)++;
  };
  const releaseLinks = (calls: ReadonlySet<number>): void => {
    for (const pc of calls) {
      const number = links.get(pc) as number;
      if (--(linkUses[number] as number) > 0) continue;
      setLink(number, null);
      links.delete(pc);
      freeLinks.push(number);
    }
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
    for (const translation of linked) translation.linked = false;
    for (const pc of open.keys()) {
      const number = links.get(pc);
      if (number !== undefined) setLink(number, null);
    }
    open.clear();
    linked = [];
    linkedPages.clear();
    m.u8.fill(0, tables.jumps, tables.jumps + JUMP_ENTRIES * JUMP_ENTRY);
  };

  const unmark = (record: number): void => {
    if (m.u16[(record + R_OP) >>> 1] === OP_ENTER) m.u16[(record + R_OP) >>> 1] = OP_UNDECODED;
  };

  const drop = (translation: Translation): void => {
    for (const door of translation.doors) {
      if (known.get(door.address) !== door) continue;
      known.delete(door.address);
      const record = recordAt(m, plan, door.address);
      if (record !== 0) unmark(record);
      const others = (roots.get(door.pc) ?? 1) - 1;
      if (others === 0) roots.delete(door.pc);
      else roots.set(door.pc, others);
    }
    for (const [, page] of translation.pages) {
      const all = byFrame.get(page >>> 12);
      all?.delete(translation);
      if (all?.size === 0) byFrame.delete(page >>> 12);
    }
    cache.remove(translation.emitted, translation);
    releaseLinks(translation.calls);
    table.set(translation.place, null);
    freePlaces.push(translation.place);
  };

  /** Drop for good: nothing stays of what was learned, so that what is kept is bounded by what there is. */
  const dropWithAims = (translation: Translation): void => {
    drop(translation);
    aims.drop(translation.root);
    refusals.delete(translation.root);
  };

  /**
   * Hosts keep an instance for as long as the table that it imports (V8 before 12), and write to each at every `set`. So now and
   * then the living get another table: their code is compiled already.
   */
  const renewTable = (): void => {
    const living = cache.modules();
    if (instances <= 2 * living.length + DEAD_MOST) return;
    table = createTable(table.length);
    imports = importsOf(table);
    enterCode = null;
    instances = living.length;
    for (const { code, members } of living) {
      const { exports } = instantiate(code, imports);
      for (const { place, name } of members) table.set(place, exports[name]);
    }
  };

  /** Make room for a module. What is evicted has to become hot once more. */
  const makeRoom = (bytes: number): void => {
    const victims = cache.victims(bytes);
    if (victims.length === 0) return;
    // What runs is linked again when it is entered next, and so is known to be in use.
    unlinkAll();
    for (const victim of victims) dropWithAims(victim);
    cache.noteEvicted(victims.length);
    samples.clear();
    misses.clear();
  };

  const dropFrame = (frame: number): void => {
    const all = byFrame.get(frame);
    if (all === undefined || all.size === 0) return;
    unlinkAll();
    for (const translation of [...all]) dropWithAims(translation);
  };

  const forget = (): void => {
    unlinkAll();
    for (const translation of cache.all()) drop(translation);
    byFrame.clear();
    samples.clear();
    misses.clear();
    wanted.clear();
    aims.clear();
    refusals.clear();
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

  /** Number of the first word of a jump entry. */
  const jumpEntry = (pc: number): number =>
    (tables.jumps + ((pc << JUMP_SHIFT) & ((JUMP_ENTRIES - 1) * JUMP_ENTRY))) >>> 2;

  const noteJump = ({ pc, enter, translation }: Door): void => {
    const entry = jumpEntry(pc);
    m.u32[entry + JUMP_PC / 4] = pc >>> 0;
    m.u32[entry + JUMP_PC / 4 + 1] = Math.floor(pc / 2 ** 32);
    m.u32[entry + JUMP_PLACE / 4] = translation.place;
    m.u32[entry + JUMP_ENTER / 4] = enter;
  };

  const link = (translation: Translation): void => {
    translation.linked = true;
    cache.touch(translation.emitted);
    linked.push(translation);
    for (const [va] of translation.pages) linkedPages.add(va);
    for (const door of translation.doors) {
      if (known.get(door.address) !== door) continue;
      open.set(door.pc, door);
      const number = links.get(door.pc);
      if (number !== undefined) setLink(number, door);
      noteJump(door);
    }
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
      : discover(read, root, undefined, undefined, aims.targetsOf(root), aims.doorsOf(root));
    if (blocks.length === 0 || isOnEdge(root) || !claim(blocks, pages)) return null;
    const used = new Set<number>();
    for (const { code } of blocks) {
      for (const { pc, decoded } of code) {
        used.add(pc - (pc % PAGE_SIZE));
        const last = pc + decoded.length - 1;
        used.add(last - (last % PAGE_SIZE));
        if (called.size >= CALLED_MOST) called.clear();
        if (decoded.row.semantics.kind === 'jal' && decoded.operands.rd !== 0)
          called.add(pc + decoded.operands.imm);
      }
    }
    if (!isPart) aims.note(root, blocks);
    const at = (va: number): number => pages.get(va - (va % PAGE_SIZE)) as number;
    return {
      root,
      isPart,
      blocks,
      pages: [...used].map((va) => [va, at(va)] as const),
    };
  };

  const install = (
    { region, ways, calls }: Written,
    name: string,
    exports: WasmInstance['exports'],
    emitted: Emitted<Translation>,
  ): void => {
    const { root, isPart, pages } = region;
    const place = freePlaces.pop() ?? places++;
    if (place >= table.length) table.grow(TABLE_SIZE);
    table.set(place, exports[name]);
    const doors: Door[] = [];
    const replaced = new Set<Translation>();
    const translation: Translation = {
      root,
      isPart,
      pages,
      place,
      name,
      doors,
      calls,
      emitted,
      linked: false,
    };
    for (const { pc, enter } of [{ pc: root, enter: 0 }, ...ways]) {
      const va = pc - (pc % PAGE_SIZE);
      const page = (pages.find(([at]) => at === va) as readonly [number, number])[1];
      const address = page + (pc - va);
      const record = recordAt(m, plan, address);
      const door: Door = { pc, enter, address, translation };
      const before = known.get(address);
      if (record === 0 || isOnEdge(pc) || (before !== undefined && rank(before) >= rank(door))) continue;
      if (before !== undefined) roots.set(pc, (roots.get(pc) as number) - 1);
      if (before !== undefined) replaced.add(before.translation);
      doors.push(door);
      known.set(address, door);
      roots.set(pc, (roots.get(pc) ?? 0) + 1);
      m.u16[(record + R_OP) >>> 1] = OP_ENTER;
    }
    cache.add(emitted, translation);
    for (const [, page] of pages) {
      const frame = page >>> 12;
      const all = byFrame.get(frame) ?? new Set();
      byFrame.set(frame, all);
      all.add(translation);
    }
    for (const old of replaced) {
      if (old.doors.some((door) => known.get(door.address) === door)) continue;
      unlinkAll();
      drop(old);
    }
  };

  /** Whether programs use what the flat tables can not name: then translations look in the TLB of the hart. */
  const settleWidth = (): void => {
    const high = m.u32[header + H_HIGH / 4] as number;
    if (!isWide && high - highBefore >= WIDE_FROM) {
      const kept = [...wanted];
      forget();
      for (const [root, want] of kept) wanted.set(root, want);
      isWide = true;
    }
    narrowTicks = high === highBefore ? narrowTicks + 1 : 0;
    highBefore = high;
    if (narrowTicks > NARROW_AFTER) isWide = false;
  };

  const instructionsOf = ({ blocks }: Region): number =>
    blocks.reduce((sum, { code }) => sum + code.length, 0);
  const isHot = (instructions: number, samples: number): boolean =>
    samples * tiering.slice >= instructions * tiering.price;
  /** What runs so often that its translation would have paid by now is translated; the rest is paid for by what runs at all. */
  const isPaid = (region: Region, { samples }: Wanted): boolean => {
    const instructions = instructionsOf(region);
    if (isHot(instructions, samples)) return true;
    if (credit < 0) return false;
    credit -= instructions * tiering.worth;
    return true;
  };

  /** Translate all that is wanted, as one module: a module costs more than what is in it. */
  const translateWanted = (hart: number): void => {
    const began = options.now();
    if (cache.size() > TRANSLATIONS_MOST || links.size > LINKS / 2) {
      const kept = [...wanted];
      forget();
      for (const [root, want] of kept) wanted.set(root, want);
    }
    isFused ??= hasFusedMultiplyAdd(imports, m.shared);
    const wideTlb = isWide || tiering.wide ? core.tlbOf(0) : null;
    let written: Written[] = [];
    let size = 0;
    let builder = new ModuleBuilder();
    let type = builder.signature(TRANSLATION);
    const unpaid: Wanted[] = [];
    for (const want of wanted.values()) {
      if (credit < 0 && want.instructions > 0 && !isHot(want.instructions, want.samples)) {
        unpaid.push(want);
        continue;
      }
      const physical = physicalOf(hart, want.root);
      const found = known.get(physical);
      if (found !== undefined) {
        const { root, isPart } = found.translation;
        const isThis = root === want.root && (want.isPart || !isPart) && isHere(hart, found.translation);
        const serves = found.pc === want.root && want.isPart && isHere(hart, found.translation);
        if ((isThis || serves) && !want.again) continue;
        unlinkAll();
        if (found.enter === 0) drop(found.translation);
      }
      const region = prepare(hart, want);
      if (region === null) continue;
      if (!isPaid(region, want)) {
        unpaid.push({ ...want, instructions: instructionsOf(region) });
        continue;
      }
      // The next time there is room again.
      if (links.size > LINKS - LINKS_OF_ONE) break;
      const f: Func = builder.funcOf(TRANSLATION, String(written.length));
      const doors = want.isPart ? NO_DOORS : aims.doorsOf(want.root);
      const isTrusting = (refusals.get(want.root) ?? 0) < REFUSALS_MOST;
      const calls = new Set<number>();
      const linkFor = (pc: number): number => {
        calls.add(pc);
        return linkOf(pc);
      };
      const ways = emitRegion(f, region.blocks, doors, {
        tables,
        type,
        linkOf: linkFor,
        isFused,
        large: tiering.large,
        isTrusting,
        wideTlb,
      });
      holdLinks(calls);
      written.push({ region, ways, calls });
      size += f.encode().length;
      if (size < cache.moduleMost) continue;
      compile(builder, written);
      written = [];
      size = 0;
      builder = new ModuleBuilder();
      type = builder.signature(TRANSLATION);
    }
    if (written.length > 0) compile(builder, written);
    wanted.clear();
    for (const want of unpaid.slice(-UNPAID_MOST)) wanted.set(want.root, want);
    unpaidBefore = wanted.size;
    settle();
    cache.noteTime(options.now() - began);
  };

  const compile = (builder: ModuleBuilder, written: readonly Written[]): void => {
    const bytes = builder.encode(m.shared);
    if (bytes.length > options.most) {
      for (const { calls } of written) releaseLinks(calls);
      return;
    }
    makeRoom(bytes.length);
    renewTable();
    const code = compileModule(bytes);
    const { exports } = instantiate(code, imports);
    instances++;
    const emitted = cache.emit(code, bytes.length);
    written.forEach((one, i) => install(one, String(i), exports, emitted));
  };

  const physicalOf = (hart: number, va: number): number =>
    core.page(hart, va - (va % PAGE_SIZE)) + (va % PAGE_SIZE);

  const want = (hart: number, root: number, isPart: boolean, samples: number): void => {
    const before = wanted.get(root);
    if (before !== undefined && before.samples >= samples) return;
    wanted.set(root, { root, isPart, again: false, samples, instructions: 0 });
    if (wanted.size - unpaidBefore >= tiering.batch) translateWanted(hart);
  };

  /** See that what is at an address is translated: with its function, if that can be found. */
  const wantAround = (hart: number, pc: number, samples: number): void => {
    if (called.has(pc)) return want(hart, pc, false, samples);
    if (aims.at(pc)) return undefined;
    const { root, isTarget } = functionAround(reader(hart, new Map()), pc, called);
    const translated = known.get(physicalOf(hart, root));
    // A function that is there and has no way in here will not get one.
    if (translated?.enter === 0 && !translated.translation.isPart && root !== pc)
      return want(hart, pc, true, samples);
    if (root !== pc) aims.expect(root, pc, isTarget);
    return want(hart, root, root === pc, samples);
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
    ran(instructions) {
      credit = Math.min(credit + instructions, CREDIT_MOST * tiering.worth);
    },
    sample(hart, pc) {
      settle();
      if (wanted.size > 0 && ++waited >= tiering.patience) {
        waited = 0;
        settleWidth();
        translateWanted(hart);
      }
      const seen = (samples.get(pc) ?? 0) + 1;
      if (samples.size >= SAMPLES_MOST) samples.clear();
      samples.set(pc, seen);
      if (seen % tiering.stillHot === 0) {
        // Its function may have been translated since.
        if (wanted.size > unpaidBefore) translateWanted(hart);
        else want(hart, pc, true, seen);
      } else if (isPowerOfTwo(seen / tiering.hot)) wantAround(hart, pc, seen);
      settle();
    },
    tick(hart) {
      settle();
      settleWidth();
      for (const [pc, seen] of misses) misses.set(pc, seen >> 1);
      for (const root of aims.due())
        wanted.set(root, { root, isPart: false, again: true, samples: 0, instructions: 0 });
      if (wanted.size > 0) translateWanted(hart);
    },
    missed(hart, pc) {
      settle();
      const seen = (misses.get(pc) ?? 0) + 1;
      if (misses.size >= SAMPLES_MOST) misses.clear();
      misses.set(pc, seen);
      if (seen === Math.ceil(tiering.missed * REMEMBERED)) aims.at(pc);
      if (seen === tiering.missed) {
        if (called.has(pc) || !aims.at(pc)) want(hart, pc, true, 0);
      } else if (seen > tiering.missed && wanted.size > 0 && ++impatient >= tiering.missed) {
        impatient = 0;
        translateWanted(hart);
      }
      settle();
    },
    at(hart, record, pc) {
      const linked = open.get(pc);
      if (linked !== undefined) {
        if (m.u32[jumpEntry(pc) + JUMP_PC / 4] !== pc >>> 0) noteJump(linked);
        return linked;
      }
      const page = core.page(hart, pc - (pc % PAGE_SIZE));
      const found = page === 0 ? undefined : known.get(page + (pc % PAGE_SIZE));
      if (found === undefined || found.pc !== pc) {
        unmark(record);
        return null;
      }
      const { translation } = found;
      if (!isHere(hart, translation)) {
        unmark(record);
        return null;
      }
      link(translation);
      return found;
    },
    enter({ enter, translation }, hart, left) {
      const block = hartAddress(m.layout, hart);
      const context = m.u32[(block + HART_CONTEXT) >>> 2] as number;
      const tlb = core.tlbOf(hart);
      enterCode ??= makeEnter();
      return enterCode(translation.place, plan.header, block, tlb, context, left, tables.jumps, enter);
    },
    refused(hart, pc) {
      const door = known.get(physicalOf(hart, pc));
      if (door === undefined) return null;
      const { root, isPart } = door.translation;
      const times = (refusals.get(root) ?? 0) + 1;
      refusals.set(root, times);
      if (times === REFUSALS_MOST)
        wanted.set(root, { root, isPart, again: true, samples: 0, instructions: 0 });
      unmark(recordAt(m, plan, door.address));
      return door;
    },
    unhide(door) {
      if (known.get(door.address) !== door) return;
      m.u16[(recordAt(m, plan, door.address) + R_OP) >>> 1] = OP_ENTER;
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
    counts: () => cache.counts(),
  };
}
