/**
 * Contract `engine`: executes guest instructions on a hart until something happens.
 *
 * Policy of a module here: how instructions are executed (interpreted, translated) and how translations are cached.
 * Mechanism, fixed: the register context and the hart block in linear memory (machine/layout.ts), the meaning of
 * every instruction (machine/isa), the points of preemption and the exact count of retired instructions, which must
 * be the same in every engine.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { record } from './schema.ts';

export {
  EXIT_BREAKPOINT,
  EXIT_BUDGET,
  EXIT_ECALL,
  EXIT_FETCH_FAULT,
  EXIT_FETCH_MISALIGNED,
  EXIT_ILLEGAL,
  EXIT_LOAD_FAULT,
  EXIT_LOAD_MISALIGNED,
  EXIT_STORE_FAULT,
  EXIT_STORE_MISALIGNED,
} from '../machine/exits.ts';

/** Nothing outlives a kernel entry but caches, so the state is empty. */
export type EngineState = Record<never, never>;
export const engineLayout: StateLayout<EngineState> = layout(
  'engine',
  record<EngineState>({}, () => ({})),
  () => ({}),
);

/**
 * What an engine that translates did since it came in. For people: nothing of it may reach a guest, for it depends on the host.
 */
export interface TranslationCounts {
  /** Modules of the host's that were compiled, and the host time in ns that finding, writing and compiling code took. */
  readonly modules: number;
  readonly hostNs: number;
  /** Translations made; of these taken over from an earlier run; dropped because their code changed or something better took their place; evicted for room. */
  readonly made: number;
  readonly old: number;
  readonly dropped: number;
  readonly evicted: number;
  /** Translations that there are now. */
  readonly live: number;
  /** Bytes of code given to the host in all, those of modules that have a live translation, and the most that these may be. */
  readonly emittedBytes: number;
  readonly liveBytes: number;
  readonly mostBytes: number;
}

export interface Engine {
  /**
   * Run the context that the hart block names, in the address space of the root it names.
   *
   * Pre: HART_CONTEXT, HART_ROOT and HART_MODE are set. Post: the context holds the precise state: pc is that of the trapping
   * instruction (not advanced; ecall and ebreak included) or, for EXIT_BUDGET, that of the next one; CTX_RETIRED
   * has grown by the instructions retired; HART_TVAL holds the faulting address or instruction bits; the reservation
   * is cleared. A budget of n stops at the first check point (a taken transfer to a target at or below the pc, or any
   * call or indirect jump) at which n or more instructions were retired in this call.
   * @param budget instructions, 1 to 2^31-1
   * @returns one of the EXIT_ codes. Does not throw, does not block. Hot path.
   */
  run(hart: number, budget: number): number;
  /** Forget all address translations of a hart: its root changed, or entries of unknown extent did. Hot path. */
  flushHart(hart: number): void;
  /** Forget the translation of one virtual page on every hart. @param va page aligned, below 2^38 */
  flushPage(va: number): void;
  /** Code may have changed in any frame marked as code: for who writes to frames without a look at their marks. */
  flushCode(): void;
  /**
   * The kernel wrote into a frame whose code mark is set, or frees it: forget what was translated from it.
   * Post: the frame's code mark is zero.
   */
  invalidateFrame(frame: number): void;
  /** Interface `translation`. Changes nothing. */
  translation?(): TranslationCounts;
  /**
   * Interface `keeping`. What an engine of that name can begin with in another run (contracts/kept.ts), as plain data. Changes nothing.
   * @returns null if what there is need not be kept anew
   */
  toKeep?(): unknown;
}

export const engine: Contract<Engine> = {
  name: 'engine',
  version: 1,
  operations: ['run', 'flushHart', 'flushPage', 'flushCode', 'invalidateFrame'],
  interfaces: {
    /** Code is translated, and it can be asked how much. */
    translation: ['translation'],
    /** What was made of code can be kept for later runs. */
    keeping: ['toKeep'],
  },
};
