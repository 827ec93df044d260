/**
 * The translations of an engine: made, found, linked and dropped.
 */
import type { Beside } from '../../../contracts/beside.ts';
import type { Kept } from '../../../contracts/kept.ts';
import type { TranslationCounts } from '../../../contracts/engine.ts';
import { recordAt } from '../../../machine/interpreter/blocks.ts';
import type { Interpreter } from '../../../machine/interpreter/interpreter.ts';
import { OP_ENTER, OP_UNDECODED } from '../../../machine/interpreter/ops.ts';
import { DROP_RING, H_DROP_RING, H_DROPS, H_RESERVED, R_OP } from '../../../machine/interpreter/region.ts';
import { HART_CONTEXT, PAGE_SIZE } from '../../../machine/layout.ts';
import { hartAddress, type Machine } from '../../../machine/machine.ts';
import { compileModule, type WasmInstance } from '../../../machine/wasm/host.ts';
import type { WasmBytes } from '../../../machine/wasm/bytes.ts';
import { createAims } from './aims.ts';
import { type Body, moduleOf, nameOf } from './binary.ts';
import { type CacheOptions, createCodeCache, type Emitted } from './cache.ts';
import { codeOf, isOnEdge } from './code.ts';
import { createDemand, type Demand, missesToRemember, type Wanted } from './demand.ts';
import type { Block } from './discover.ts';
import type { WayIn } from './emit.ts';
import { createFlat, type Flat } from './flat.ts';
import { createFunctionTable, type Placed } from './function-table.ts';
import { createKeeping, type KeptRegion, type KeptTranslations, type Waiting } from './keeping.ts';
import { createLinks, type Target } from './links.ts';
import { isSame, type Listing, listingOf } from './listing.ts';
import { createOrders, type Found, type Region } from './orders.ts';
import { createMisses } from './misses.ts';
import { pack, toPack } from './packing.ts';
import { type Conditions, linked, readRegion, type Text, writeRegion } from './region.ts';
import { functionAround } from './roots.ts';
import { LINKS, planTables, type Tables } from './tables.ts';
import type { Tiering } from './tiering.ts';

const NO_DOORS: ReadonlySet<number> = new Set();
/** A translation that was refused so often is made again, relying on less. */
const REFUSALS_MOST = 16;
/** When there are more, all are dropped, and what is hot is translated again. */
const TRANSLATIONS_MOST = 16_384;
/** Targets of calls that are remembered. */
const CALLED_MOST = 65_536;
/** Link words that one region may need at most: it has no more calls than instructions. */
const LINKS_OF_ONE = 2048;
const MARK = 0x4a_49_54_33;

/** A region that was written, not yet compiled. */
type Written = readonly [Region, Text];

/** What its module has of a translation. */
interface Made extends Pick<Text, 'ways' | 'calls'> {
  readonly name: string;
  readonly body: Body;
}

interface Translation extends Region, Placed {
  /** In its module, which changes when modules are put together. */
  name: string;
  body: Body;
  emitted: Emitted<Translation>;
  readonly doors: readonly Door[];
  readonly ways: readonly WayIn[];
  readonly calls: ReadonlySet<number>;
  /** What an earlier run kept of it. */
  readonly old: OldRegion | null;
}

type OldRegion = Waiting<Emitted<Translation>>;

/** Where a translation can be entered. */
export interface Door extends Target {
  /** Physical address. */
  readonly address: number;
  readonly translation: Translation;
}

/** Where two can be entered at one address: that of a whole function is better, best if it begins there. */
const rank = ({ enter, translation: { isPart } }: Door): number => (isPart ? 0 : enter === 0 ? 2 : 1);

/** Ticks after which what is wanted is translated, be it little. */
const TICKS = 3;

export interface Translations {
  readonly tables: Tables;
  readonly flat: Flat;
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
  /** The way into a translation at a pc, if that is linked; null if not. */
  opened(pc: number): Door | null;
  enter(door: Door, hart: number, left: number): number;
  /** A translation could not be entered at a pc: it is hidden for the time being. @returns null if nothing begins there now */
  refused(hart: number, pc: number): Door | null;
  /** The translation can be found again, unless it is gone. */
  unhide(door: Door): void;
  /** No translation begins at a record. */
  unmark(record: number): void;
  /** Drop what was translated from frames that have changed. */
  settle(): void;
  /** The address space is another. */
  flush(): void;
  flushPage(va: number): void;
  /** Drop everything. */
  forget(): void;
  /** Take up what an earlier run kept of the page of a pc, where it is the same code. */
  resume(hart: number, pc: number): void;
  /** What to keep for the next run; null if there is nothing new. */
  toKeep(): KeptTranslations | null;
  counts(): TranslationCounts;
}

/** What a host may have. */
export interface Aids {
  readonly beside: Beside | null;
  readonly kept: Kept | null;
}

export function createTranslations(
  m: Machine,
  core: Interpreter,
  tiering: Tiering,
  options: CacheOptions,
  { beside, kept }: Aids,
): Translations {
  const { plan } = core;
  const tables = planTables(m.layout);
  const header = plan.header >>> 2;
  const flat = createFlat(m, tables, header);
  const links = createLinks<Door>(m, tables);
  const cache = createCodeCache<Translation>(options);
  const aims = createAims();
  const functions = createFunctionTable(m, core);
  const orders = createOrders(beside, (root, isPart) => demand.wantAgain(root, isPart));

  /** By physical address. */
  const known = new Map<number, Door>();
  /** How many translations can be entered at a virtual address. */
  const roots = new Map<number, number>();
  const byFrame = new Map<number, Set<Translation>>();
  const linkedPages = new Set<number>();
  const called = new Set<number>();
  /** How often a translation could not be entered for what it relies on, by root. */
  const refusals = new Map<number, number>();
  let drops = m.u32[header + H_DROPS / 4] as number;
  /** Since something was translated at one. */
  let ticks = 0;
  /** Instructions since modules were put together. */
  let ranApart = 0;

  const conditionsNow = (): Conditions => ({
    tables,
    isFused: functions.isFused(),
    large: tiering.large,
  });
  /** What all translations rely on, as text. */
  const conditionsText = (): string => JSON.stringify([conditionsNow(), m.shared]);

  const opOf = (record: number): number => (record + R_OP) >>> 1;
  const mark = (door: Door): void => {
    m.u16[opOf(recordAt(m, plan, door.address))] = OP_ENTER;
  };
  const unmark = (record: number): void => {
    if (m.u16[opOf(record)] === OP_ENTER) m.u16[opOf(record)] = OP_UNDECODED;
  };
  const physicalOf = (hart: number, va: number): number =>
    core.page(hart, va - (va % PAGE_SIZE)) + (va % PAGE_SIZE);

  const countRoot = (pc: number, by: number): void => {
    const count = (roots.get(pc) ?? 0) + by;
    if (count === 0) roots.delete(pc);
    else roots.set(pc, count);
  };

  const unlinkAll = (): void => {
    links.closeAll();
    linkedPages.clear();
  };

  const drop = (translation: Translation): void => {
    for (const door of translation.doors) {
      if (known.get(door.address) !== door) continue;
      known.delete(door.address);
      const record = recordAt(m, plan, door.address);
      if (record !== 0) unmark(record);
      countRoot(door.pc, -1);
    }
    for (const [, page] of translation.pages) {
      const all = byFrame.get(page >>> 12);
      all?.delete(translation);
      if (all?.size === 0) byFrame.delete(page >>> 12);
    }
    cache.remove(translation.emitted, translation);
    links.release(translation.calls);
    functions.remove(translation.place);
  };

  /** Drop for good: nothing stays of what was learned, so that what is kept is bounded by what there is. */
  const dropWithAims = (translation: Translation): void => {
    drop(translation);
    aims.drop(translation.root);
    refusals.delete(translation.root);
  };

  /** Make room for a module. What is evicted has to become hot once more. */
  const makeRoom = (bytes: number): void => {
    const victims = cache.victims(bytes);
    if (victims.length === 0) return;
    // What runs is linked again when it is entered next, and so is known to be in use.
    unlinkAll();
    for (const victim of victims) dropWithAims(victim);
    cache.noteEvicted(victims.length);
    demand.forgetSeen();
    misses.forget();
  };

  const dropFrame = (frame: number): void => {
    orders.dropFrame(frame);
    const all = byFrame.get(frame);
    if (all === undefined || all.size === 0) return;
    unlinkAll();
    for (const translation of [...all]) {
      dropWithAims(translation);
      if (translation.old !== null) keeping.resume(translation.old);
    }
  };

  const forget = (): void => {
    orders.clear();
    unlinkAll();
    for (const translation of cache.all()) drop(translation);
    byFrame.clear();
    aims.clear();
    refusals.clear();
    called.clear();
    demand.forgetSeen();
    misses.forget();
    demand.clear();
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

  const link = (translation: Translation): void => {
    cache.touch(translation.emitted);
    for (const [va] of translation.pages) linkedPages.add(va);
    for (const door of translation.doors) if (known.get(door.address) === door) links.open(door);
  };

  /** Remember what code calls, and of a function what it is. */
  const note = (listing: Listing, isPart: boolean): void => {
    if (called.size >= CALLED_MOST) called.clear();
    for (const pc of listing.called) called.add(pc);
    if (!isPart) aims.note(listing);
  };

  /** Where a region can be entered, those places left out where there is something better. */
  const doorsOf = (translation: Translation, ways: readonly WayIn[]): Door[] => {
    const { root, pages, place } = translation;
    const pageAt = new Map(pages);
    return [{ pc: root, enter: 0 }, ...ways].flatMap(({ pc, enter }) => {
      const address = (pageAt.get(pc - (pc % PAGE_SIZE)) as number) + (pc % PAGE_SIZE);
      const door: Door = { pc, enter, place, address, translation };
      const before = known.get(address);
      const isBest = before === undefined || rank(before) < rank(door);
      return isBest && !isOnEdge(pc) && recordAt(m, plan, address) !== 0 ? [door] : [];
    });
  };

  /** A whole function takes the place of what begins where it does. */
  const makeWay = ({ root, pages }: Region): void => {
    const pageAt = new Map(pages);
    const before = known.get((pageAt.get(root - (root % PAGE_SIZE)) as number) + (root % PAGE_SIZE));
    if (before?.enter !== 0) return;
    unlinkAll();
    drop(before.translation);
  };

  const install = (
    region: Region,
    { ways, calls, name, body }: Made,
    exports: WasmInstance['exports'],
    emitted: Emitted<Translation>,
    old: OldRegion | null,
  ): void => {
    makeWay(region);
    const place = functions.put(exports[name]);
    const doors: Door[] = [];
    const translation: Translation = {
      ...region,
      place,
      name,
      body,
      doors,
      ways,
      calls: new Set(calls),
      emitted,
      old,
    };
    if (!region.isPart) aims.bound(region.root, new Set(calls));
    doors.push(...doorsOf(translation, ways));
    const replaced = new Set<Translation>();
    for (const door of doors) {
      const before = known.get(door.address);
      if (before !== undefined) {
        replaced.add(before.translation);
        countRoot(before.pc, -1);
      }
      countRoot(door.pc, 1);
      known.set(door.address, door);
      mark(door);
    }
    cache.add(emitted, translation, old !== null);
    for (const [, page] of region.pages) {
      const frame = page >>> 12;
      const all = byFrame.get(frame) ?? new Set();
      byFrame.set(frame, all);
      all.add(translation);
    }
    if (doors.length === 0) replaced.add(translation);
    for (const old of replaced) {
      if (old.doors.some((door) => known.get(door.address) === door)) continue;
      unlinkAll();
      drop(old);
    }
  };

  /** Have the host compile a module. */
  const emit = (
    bytes: Uint8Array,
  ): { readonly exports: WasmInstance['exports']; readonly emitted: Emitted<Translation> } => {
    const code = compileModule(bytes);
    return { exports: functions.functionsOf(code, cache.modules()), emitted: cache.emit(code, bytes) };
  };

  /** One module of what was written, as far as there are link words for it. */
  const compile = (written: readonly Written[]): void => {
    const placed: Written[] = [];
    const bodiesGiven: WasmBytes[] = [];
    for (const [region, text] of written) {
      if (links.size() > LINKS - LINKS_OF_ONE) break;
      bodiesGiven.push(linked(text, links.wordFor));
      links.hold(new Set(text.calls));
      placed.push([region, text]);
    }
    if (placed.length === 0) return;
    const { bytes, bodies } = moduleOf(bodiesGiven, m.shared);
    if (bytes.length > options.most) {
      for (const [, { calls }] of placed) links.release(new Set(calls));
      return;
    }
    makeRoom(bytes.length);
    const { exports, emitted } = emit(bytes);
    placed.forEach(([region, text], i) => {
      const body = bodies[i] as Body;
      install(region, { ...text, name: nameOf(i), body }, exports, emitted, null);
    });
  };

  /** Put modules together where that pays. */
  const gather = (): void => {
    const modules = cache.modules().map(({ bytes, members }) => ({ bytes, regions: [...members] }));
    const groups = toPack(modules, cache.moduleMost);
    const size = groups.flat().reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (size === 0 || size * tiering.gather > ranApart) return;
    ranApart = 0;
    for (const group of groups) {
      const { bytes, moved } = pack(group, m.shared);
      const { exports, emitted } = emit(bytes);
      for (const { region: translation, name, body } of moved) {
        functions.replace(translation.place, exports[name]);
        cache.move(translation, translation.emitted, emitted);
        Object.assign(translation, { name, body, emitted });
      }
    }
  };

  /** Modules of what was written, a few if it is much. */
  const compileAll = (written: readonly Written[]): void => {
    let part: Written[] = [];
    let size = 0;
    for (const one of written) {
      part.push(one);
      size += one[1].body.length;
      if (size < cache.moduleMost) continue;
      compile(part);
      part = [];
      size = 0;
    }
    compile(part);
  };

  /** True if what can be entered at an address is what is wanted there: for a part anything that is still there will do. */
  const serves = (
    hart: number,
    { pc, translation }: Door,
    { root, isPart }: Pick<Wanted, 'root' | 'isPart'>,
  ): boolean =>
    pc === root &&
    (isPart || (translation.root === root && !translation.isPart)) &&
    isHere(hart, translation);

  /** Find the region that is wanted. @returns null if it can not be translated or paid for, or is there already */
  const find = (hart: number, want: Wanted): (Found & { readonly blocks: readonly Block[] }) | null => {
    const { root, isPart } = want;
    const before = known.get(physicalOf(hart, root));
    if (before !== undefined && !want.again && serves(hart, before, want)) return null;
    const code = codeOf(m, core, hart);
    const about = isPart
      ? { root, most: tiering.part, targets: [], doors: NO_DOORS }
      : { root, most: null, targets: aims.targetsOf(root), doors: aims.doorsOf(root) };
    const unseen = { has: (at: number) => !(tiering.unseen || code.isRun(at)) };
    const stops = { has: (at: number) => (isPart && roots.has(at)) || unseen.has(at) };
    const { blocks, ...noted } = readRegion(code.read, about, stops, unseen);
    const listing = listingOf(root, blocks, noted.code);
    const pages = blocks.length === 0 || isOnEdge(root) ? null : code.claim(listing);
    if (pages === null) return null;
    note(listing, isPart);
    if (!demand.pay(want, listing.at.length)) return null;
    const seen = blocks.map(({ start }) => start).filter((start) => demand.seen(start) >= tiering.loop);
    if (!isPart) aims.heat(root, seen);
    const hot = isPart ? new Set(seen) : new Set(aims.hotOf(root));
    const isTrusting = (refusals.get(root) ?? 0) < REFUSALS_MOST;
    return {
      region: { root, isPart, pages, listing },
      job: { ...about, ...noted, doors: new Set(about.doors), hot, isTrusting },
      blocks,
    };
  };

  /** Translate all that is wanted, as one module if that is not too large: a module costs more than what is in it. */
  const translateWanted = (hart: number): void => {
    const began = options.now();
    if (cache.size() > TRANSLATIONS_MOST || links.size() > LINKS / 2) forget();
    const conditions = conditionsNow();
    const found: NonNullable<ReturnType<typeof find>>[] = [];
    for (const want of demand.take()) {
      if (orders.isUnderWay(want.root)) {
        orders.wantLater(want);
        continue;
      }
      const one = find(hart, want);
      if (one !== null) found.push(one);
    }
    if (!orders.place(found, conditions)) {
      compileAll(found.map(({ region, job, blocks }) => [region, writeRegion(blocks, job, conditions)]));
    }
    gather();
    settle();
    cache.noteTime(options.now() - began);
  };

  /** Take up a translation of an earlier run, if its code is here now. */
  const takeUp = (hart: number, waiting: OldRegion): void => {
    const { region, old } = waiting;
    const { listing, isPart, targets, doors, hot } = region;
    const { root } = listing;
    const physical = physicalOf(hart, root);
    if (region.pages.some((va) => core.page(hart, va) === 0) || physical === waiting.other) return;
    const code = codeOf(m, core, hart);
    if (!isSame(listing, code.read)) {
      waiting.other = physical;
      return;
    }
    const before = known.get(physical);
    const isServed = before !== undefined && serves(hart, before, { root, isPart });
    const hasRoom = old.module.bytes.length <= options.most;
    const pages = isServed || !hasRoom ? null : code.claim(listing);
    keeping.end(waiting);
    if (pages === null) return;
    const module = keeping.code(old);
    // A module that has nothing in place takes no room.
    if ((old.emitted?.members.size ?? 0) === 0) makeRoom(old.module.bytes.length);
    old.emitted ??= cache.emit(module, old.module.bytes);
    for (const pc of targets) aims.expect(root, pc, true);
    for (const pc of doors) aims.expect(root, pc, false);
    aims.heat(root, hot);
    note(listing, isPart);
    links.hold(new Set(region.calls));
    const exports = functions.functionsOf(module, cache.modules());
    install({ root, isPart, pages, listing }, region, exports, old.emitted, waiting);
  };

  const resume = (hart: number, pc: number): void => {
    if (keeping.size() === 0) return;
    const waiting = keeping.at(pc - (pc % PAGE_SIZE));
    if (waiting.length === 0) return;
    const began = options.now();
    for (const one of waiting) takeUp(hart, one);
    cache.noteTime(options.now() - began);
  };

  /** Take in what was written beside the programs. */
  const collect = (): void => {
    settle();
    if (!orders.isAny()) return;
    const began = options.now();
    for (let written = orders.come(); written !== null; written = orders.come()) {
      compileAll(written);
      settle();
    }
    cache.noteTime(options.now() - began);
  };

  const demand: Demand = createDemand(tiering, {
    translate: translateWanted,
    size: () => cache.size(),
    seek(hart, pc, samples) {
      if (called.has(pc)) return demand.want(hart, pc, false, samples);
      if (aims.at(pc)) return undefined;
      const { root, isTarget } = functionAround(codeOf(m, core, hart).read, pc, called);
      const translated = known.get(physicalOf(hart, root));
      // A function that is there and has no way in here will not get one.
      if (translated?.enter === 0 && !translated.translation.isPart && root !== pc) {
        // Code that it left out, for it had not been run, it will have.
        if (aims.lacks(root, pc)) return demand.wantAgain(root, false);
        return demand.want(hart, pc, true, samples);
      }
      if (root !== pc) aims.expect(root, pc, isTarget);
      return demand.want(hart, root, root === pc, samples);
    },
    remember: (pc) => !called.has(pc) && aims.at(pc),
  });

  const keeping = createKeeping<Emitted<Translation>>(kept, {
    conditions: conditionsText,
    wordsMost: LINKS / 4,
    moduleMost: cache.moduleMost,
    shared: m.shared,
  });
  links.reserve(keeping.words);
  functions.expect(keeping.size());

  const laidOut = header + H_RESERVED / 4;
  if (m.u32[laidOut] === MARK) {
    m.u8.fill(0, tables.jumps, tables.end);
  } else {
    // Clearing what nobody has written would make pages of it: some MiB at each start.
    if (m.u32[laidOut] !== 0) m.u8.fill(0, tables.flatRead, tables.end);
    m.u32[laidOut] = MARK;
  }
  flat.clear();
  /** Once what it writes to is laid out. */
  const misses = createMisses(m, tables, missesToRemember(tiering));

  return {
    tables,
    flat,
    ran(instructions) {
      ranApart += instructions;
      demand.ran(instructions);
    },
    sample(hart, pc) {
      collect();
      resume(hart, pc);
      demand.sample(hart, pc);
      settle();
    },
    tick(hart) {
      collect();
      if (flat.isFull()) flat.clear();
      const due = aims.due();
      for (const root of due) demand.wantAgain(root, false);
      if (++ticks >= TICKS || due.length > 0) {
        ticks = 0;
        translateWanted(hart);
      }
    },
    missed(hart, pc) {
      settle();
      resume(hart, pc);
      const times = misses.take(pc);
      // As long as something of earlier runs waits for its code each time counts.
      if (keeping.size() === 0) misses.watch(pc, (before, others) => demand.missed(hart, before, others));
      demand.missed(hart, pc, times);
      settle();
    },
    at(hart, record, pc) {
      const opened = links.opened(pc);
      if (opened !== undefined) return opened;
      const found = known.get(physicalOf(hart, pc));
      if (found === undefined || found.pc !== pc || !isHere(hart, found.translation)) {
        unmark(record);
        return null;
      }
      link(found.translation);
      return found;
    },
    opened: (pc) => links.opened(pc) ?? null,
    enter({ enter, place }, hart, left) {
      const block = hartAddress(m.layout, hart);
      const context = m.u32[(block + HART_CONTEXT) >>> 2] as number;
      return functions.enter()(
        place,
        plan.header,
        block,
        core.tlbOf(hart),
        context,
        left,
        tables.jumps,
        enter,
      );
    },
    refused(hart, pc) {
      const door = known.get(physicalOf(hart, pc));
      if (door === undefined) return null;
      const { root, isPart } = door.translation;
      const times = (refusals.get(root) ?? 0) + 1;
      refusals.set(root, times);
      if (times === REFUSALS_MOST) demand.wantAgain(root, isPart);
      unmark(recordAt(m, plan, door.address));
      return door;
    },
    unhide(door) {
      if (known.get(door.address) === door) mark(door);
    },
    unmark,
    settle,
    flush() {
      flat.clear();
      unlinkAll();
    },
    flushPage(va) {
      flat.clearPage(va);
      if (linkedPages.has(va)) unlinkAll();
    },
    forget,
    resume,
    toKeep() {
      if (kept === null || cache.size() === 0) return null;
      const regionOf = (translation: Translation): KeptRegion => ({
        name: translation.name,
        body: translation.body,
        isPart: translation.isPart,
        pages: translation.pages.map(([va]) => va),
        listing: translation.listing,
        ways: translation.ways,
        calls: [...translation.calls],
        targets: aims.targetsOf(translation.root),
        doors: [...aims.doorsOf(translation.root)],
        hot: [...aims.hotOf(translation.root)],
        idle: 0,
      });
      const living = cache.modules().map((emitted) => {
        const { code, bytes } = emitted;
        const members = [...emitted.members];
        const inTable = members.map(({ place }) => functions.at(place));
        return { emitted, code, bytes, functions: inTable, regions: members.map(regionOf) };
      });
      return keeping.next(living, links.numberOf);
    },
    counts: () => cache.counts(),
  };
}
