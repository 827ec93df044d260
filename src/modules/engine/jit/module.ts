/**
 * Engine `jit`: hot code is translated to WebAssembly functions, the rest is interpreted.
 *
 * The interpreter runs in slices, and the pc at the end of each is a sample; what is seen often is translated. A translation
 * depends on the frames that its code lies in: their code marks are set, so a write to them drops it. It is called by others
 * only while it is linked, which it is after its pages were looked up in the address space that runs; a change of that unlinks
 * all. The state is empty: everything here is made again at will.
 */
import {
  EXIT_BUDGET,
  EXIT_ILLEGAL,
  type Engine,
  engineLayout,
  type EngineState,
} from '../../../contracts/engine.ts';
import type { Module } from '../../../contracts/module.ts';
import { createInterpreterCore } from '../../../machine/interpreter/interpreter.ts';
import {
  H_DROPS,
  H_FLAT_READ,
  H_FLAT_WRITE,
  H_LEFT,
  H_MADE,
  H_RECORD,
  H_TOUCHED,
  LEAVE_ENTER,
} from '../../../machine/interpreter/region.ts';
import { selfTest } from '../../../machine/interpreter/self-test.ts';
import { CTX_PC, HART_CONTEXT, HART_RESERVATION } from '../../../machine/layout.ts';
import { hartAddress, type Machine } from '../../../machine/machine.ts';
import { type CacheOptions, UNBOUNDED } from './cache.ts';
import { EAGER, type Tiering, USUAL } from './tiering.ts';
import { type Aids, createTranslations, type Door } from './translations.ts';
import { ENTER_CAUSE, ENTER_INTERPRET, ENTER_NOT_FOUND, ENTER_REFUSED } from './enter.ts';
import {
  BETWEEN_CAUSE,
  BETWEEN_DROPS,
  BETWEEN_INTERPRETED,
  BETWEEN_MISSED,
  BETWEEN_SLICE,
} from './tables.ts';

/** Instructions of translated code, or what takes as long, after which it is looked at what there is to translate. */
const TICK = 20_000_000;
/** How many instructions of translated code take the time of one that is interpreted, and of a way out in vain. */
const INTERPRETED = 5;
const MISSED = 400;

/** No code of the interpreter's. */
const NONE = -1;

/** No host. */
const ALONE: Aids = { beside: null, kept: null };

/** Build the engine over a machine. Takes over the engine region. */
export function createJit(
  m: Machine,
  tiering: Tiering = USUAL,
  cache: CacheOptions = UNBOUNDED,
  aids: Aids = ALONE,
): Engine {
  const core = createInterpreterCore(m);
  const translations = createTranslations(m, core, tiering, cache, aids);
  const header = core.plan.header >>> 2;
  const between = translations.tables.between >>> 2;
  let made = -1;
  let untilSample = tiering.slice;
  let untilTick = TICK;

  /** Pc of the context that a hart runs; below 2^53 in every address space. */
  const pcOf = (block: number): number => {
    const at = ((m.u32[(block + HART_CONTEXT) >>> 2] as number) + CTX_PC) >>> 2;
    return (m.u32[at] as number) + (m.u32[at + 1] as number) * 2 ** 32;
  };

  const runHart0 = (budget: number): number => {
    const block = hartAddress(m.layout, 0);
    let left = budget;
    /** What could not be entered: the interpreter goes on from there, to the next check point at least. */
    let hidden: Door | null = null;
    let isFirst = true;
    /** Why the interpreter left, if it did and that was not looked after yet. */
    let cause = NONE;
    if (tiering.everywhere) translations.missed(0, pcOf(block));
    for (;;) {
      if (untilTick <= 0) {
        untilTick = TICK;
        translations.ran(TICK);
        translations.tick(0);
      }
      // Most runs begin where the last one ended, behind a call: no need for the interpreter to find that out.
      let door: Door | null = null;
      if (isFirst) {
        const pc = pcOf(block);
        door = translations.opened(pc);
        if (door === null) translations.resume(0, pc);
        isFirst = false;
      }
      if (door === null && cause === NONE) {
        const slice = hidden !== null ? 1 : left < untilSample ? left : untilSample;
        cause = core.stretch(0, slice);
        const done = slice - (m.i32[header + H_LEFT / 4] as number);
        left -= done;
        untilTick -= INTERPRETED * done;
        // With what is interpreted alone; at least 1, for the next check point is wanted.
        untilSample = Math.max(untilSample - done, 1);
        if (hidden !== null) {
          translations.unhide(hidden);
          hidden = null;
          if (cause === EXIT_BUDGET && left > 0) {
            cause = NONE;
            continue;
          }
        }
      }
      if (door === null) {
        const why = cause;
        cause = NONE;
        if (why === EXIT_BUDGET && left > 0) {
          untilSample = tiering.slice;
          translations.ran(tiering.slice);
          translations.sample(0, pcOf(block));
          continue;
        }
        if (why !== LEAVE_ENTER) return why;
        translations.settle();
        door = translations.at(0, m.u32[header + H_RECORD / 4] as number, pcOf(block));
      }
      if (m.u32[header + H_MADE / 4] !== made) {
        // A page that has come to hold code may not be written by way of the flat table.
        made = m.u32[header + H_MADE / 4] as number;
        translations.flat.clearCode();
      }
      if (door === null) continue;
      m.u32[between + BETWEEN_DROPS / 4] = m.u32[header + H_DROPS / 4] as number;
      m.u32[between + BETWEEN_SLICE / 4] = untilSample;
      const code = translations.enter(door, 0, left);
      untilTick -= left;
      left = m.i32[header + H_LEFT / 4] as number;
      untilTick += left;
      untilTick -= (INTERPRETED - 1) * (m.u32[between + BETWEEN_INTERPRETED / 4] as number);
      untilTick -= MISSED * (m.u32[between + BETWEEN_MISSED / 4] as number);
      m.u32[between + BETWEEN_INTERPRETED / 4] = m.u32[between + BETWEEN_MISSED / 4] = 0;
      untilSample = m.u32[between + BETWEEN_SLICE / 4] as number;
      if (code === ENTER_CAUSE) {
        cause = m.u32[between + BETWEEN_CAUSE / 4] as number;
        if (core.serve(0, cause)) cause = NONE;
        continue;
      }
      if (code === ENTER_INTERPRET) {
        if (tiering.everywhere) translations.missed(0, pcOf(block));
        continue;
      }
      if (code === ENTER_REFUSED) {
        hidden = translations.refused(0, pcOf(block));
        continue;
      }
      if (code === ENTER_NOT_FOUND) {
        translations.missed(0, pcOf(block));
        continue;
      }
      if (code === EXIT_ILLEGAL) core.noteIllegal(0);
      const reservation = (block + HART_RESERVATION) >>> 2;
      m.u32[reservation] = m.u32[reservation + 1] = 0xffffffff;
      return code;
    }
  };

  return {
    run(hart, budget) {
      const flat = hart === 0;
      m.u32[header + H_FLAT_READ / 4] = flat ? translations.tables.flatRead : 0;
      m.u32[header + H_FLAT_WRITE / 4] = flat ? translations.tables.flatWrite : 0;
      m.u32[header + H_TOUCHED / 4] = translations.tables.touched;
      translations.settle();
      if (flat) return runHart0(budget);
      for (let left = budget; ; left = m.i32[header + H_LEFT / 4] as number) {
        const code = core.stretch(hart, left);
        if (code !== LEAVE_ENTER) return code;
        translations.unmark(m.u32[header + H_RECORD / 4] as number);
      }
    },
    flushHart(hart) {
      core.flushHart(hart);
      if (hart === 0) translations.flush();
    },
    flushPage(va) {
      core.flushPage(va);
      translations.flushPage(va);
    },
    flushCode() {
      core.flushCode();
      translations.forget();
    },
    invalidateFrame(frame) {
      core.invalidateFrame(frame);
      translations.settle();
    },
    translation: () => translations.counts(),
    toKeep: () => translations.toKeep(),
  };
}

export const jitEngine: Module<Engine, EngineState> = {
  manifest: {
    slot: 'engine',
    name: 'jit',
    version: '1.0.0',
    contract: 1,
    interfaces: ['keeping', 'translation'],
    needs: {},
    description: 'Translates hot code to WebAssembly functions',
  },
  layout: engineLayout,
  create: (_state, { machine, settings, hostNow, beside, kept }) =>
    createJit(machine, USUAL, { most: settings.codeCacheBytes, now: hostNow }, { beside, kept }),
  selfTest: () =>
    selfTest((machine) => createJit(machine)) ?? selfTest((machine) => createJit(machine, EAGER)),
};
export default jitEngine;
