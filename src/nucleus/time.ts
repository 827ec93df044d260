/**
 * The hardware counter: host time, or virtual time as a function of retired instructions.
 *
 * Virtual time advances by a fixed amount an instruction, jumps over idle periods, and stands still while host I/O is
 * pending. Policy over it (clocks, timers) is the `clock` slot's.
 */
import type { Counters, TimeSource } from '../contracts/kernel.ts';

/** Virtual ns for one instruction: a 250 MHz machine that retires one an cycle. */
const VIRTUAL_NS_PER_INSTRUCTION = 4;
/** Instructions, about half a millisecond. */
const LONG_RUN = 100_000;
/** 2026-01-01T00:00:00Z, when every deterministic run begins. */
const VIRTUAL_BOOT_SECONDS = 1_767_225_600;

export interface MachineTime extends TimeSource {
  /** Nothing can run before this time: jump there, or tell that the host must be waited for (false). */
  skipTo(ns: number): boolean;
  /** Instructions that take about this long. */
  instructionsFor(ns: number): number;
  /**
   * What a run of instructions took, to learn the machine's speed.
   * @param ns with the kernel's part @param entries kernel entries in it, the last one included
   * @returns the programs' part of `ns`
   */
  learn(instructions: number, ns: number, entries: number): number;
}

export function virtualTime(counters: Counters): MachineTime {
  let skipped = 0;
  const now = (): number => skipped + counters.instructions * VIRTUAL_NS_PER_INSTRUCTION;
  return {
    now,
    bootSeconds: VIRTUAL_BOOT_SECONDS,
    bootNanoseconds: 0,
    skipTo(ns) {
      const ahead = ns - now();
      if (ahead > 0) {
        skipped += ahead;
        counters.idleNs += ahead;
      }
      return true;
    },
    instructionsFor: (ns) => Math.ceil(ns / VIRTUAL_NS_PER_INSTRUCTION),
    learn: (_instructions, ns) => ns,
  };
}

/** @param hostNow host ns from any origin @param bootNs time of boot in ns since 1970, as seconds and rest */
export function hostTime(hostNow: () => number, bootSeconds: number, bootNanoseconds: number): MachineTime {
  const origin = hostNow();
  let nsPerInstruction = 5;
  /** The same without the kernel's part: learned where there was next to none. */
  let userNsPerInstruction = 5;
  return {
    now: () => hostNow() - origin,
    bootSeconds,
    bootNanoseconds,
    skipTo: () => false,
    instructionsFor: (ns) => Math.ceil(ns / nsPerInstruction),
    learn(instructions, ns, entries) {
      // Only runs long enough that the two clock readings do not matter.
      if (instructions > LONG_RUN) {
        const each = ns / instructions;
        nsPerInstruction += (each - nsPerInstruction) / 8;
        if (entries === 1) {
          userNsPerInstruction += (each - userNsPerInstruction) / 8;
          return ns;
        }
      }
      return Math.min(ns, instructions * userNsPerInstruction);
    },
  };
}
