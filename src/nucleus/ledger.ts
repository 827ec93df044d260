/**
 * The ledger: what was replaced, when, by whom, and what came of it. Append-only.
 */

/** The steps of a replacement, in order. */
export const STEPS = ['check', 'transfer', 'verify', 'flip', 'retire', 'probation'] as const;
export type Step = (typeof STEPS)[number];

export interface LedgerEntry {
  /** Slot, or `filesystem:TYPE`. */
  readonly cell: string;
  readonly from: string;
  readonly to: string;
  /** Who asked: `host`, `guest`, `schedule`. */
  readonly by: string;
  /** Kernel entries and instructions at the flip, or at the failure. */
  readonly atEntry: number;
  readonly atInstruction: number;
  /** Host ns from the begin of the transfer to the flip; 0 if it failed before. */
  readonly pauseNs: number;
  /** Bytes of serialised state; 0 when it moved by reference. */
  readonly bytesMoved: number;
  /** How the state went over. */
  readonly transfer: 'move' | 'copy' | 'migrate' | 'rebuild' | 'recover';
  /** The step that failed and why; null if it was committed. */
  readonly failed: { readonly step: Step; readonly reason: string } | null;
}

export class Ledger {
  readonly #entries: LedgerEntry[] = [];
  readonly #limit: number;
  #dropped = 0;

  /** @param limit entries kept; the oldest go first, and are counted, so that a swap at every entry stays bounded */
  constructor(limit: number) {
    this.#limit = limit;
  }

  append(entry: LedgerEntry): void {
    if (this.#entries.length >= this.#limit) {
      this.#entries.splice(0, this.#limit / 2);
      this.#dropped += this.#limit / 2;
    }
    this.#entries.push(entry);
  }

  /** Newest last. */
  entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** Entries that were dropped to stay within the limit. */
  dropped(): number {
    return this.#dropped;
  }
}
