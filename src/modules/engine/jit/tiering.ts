/**
 * When code is translated.
 */

export interface Tiering {
  /** Instructions between two samples. */
  readonly slice: number;
  /** Samples at one address until its function is translated, and until what begins at the address itself is. */
  readonly hot: number;
  readonly stillHot: number;
  /** How often translated code goes to an address until what begins there is translated. */
  readonly missed: number;
  /** Translations that are made at once, and samples after which fewer are. */
  readonly batch: number;
  readonly patience: number;
  /** What part of those that there are makes a batch large enough, and how many times as patient one is with a smaller one. */
  readonly share: number;
  readonly restraint: number;
  /** Translate at every address at which a run begins or the interpreter takes over. */
  readonly everywhere: boolean;
  /** Code that was not run yet is translated with the rest of its function. */
  readonly unseen: boolean;
  /** Most instructions of a translation that does not begin with a function. */
  readonly part: number;
  /** How many instructions make a region or a loop large. */
  readonly large: number;
  /** Samples at the header of a loop that make it worth more than being translated as it is. */
  readonly loop: number;
  /** What the translation of an instruction costs, in instructions interpreted. */
  readonly price: number;
  /** How many instructions must have been run for each that is translated without having been seen so often itself. */
  readonly worth: number;
  /** How many instructions must have been run for each byte of the modules that are put together. */
  readonly gather: number;
}

/** A translation is worth some milliseconds of interpretation. */
export const USUAL: Tiering = {
  slice: 8192,
  hot: 256,
  stillHot: 768,
  missed: 2000,
  batch: 48,
  patience: 64,
  share: 1 / 2,
  restraint: 16,
  everywhere: false,
  unseen: false,
  part: 100,
  large: 100,
  loop: 16,
  price: 3_000,
  worth: 20_000,
  gather: 1_000,
};
/** Translates whatever is run, at once: for tests. */
export const EAGER: Tiering = {
  slice: 1,
  hot: 1,
  stillHot: 2,
  missed: 1,
  batch: 1,
  patience: 1,
  share: 0,
  restraint: 1,
  everywhere: true,
  unseen: true,
  part: 24,
  large: 100,
  loop: 0,
  price: 0,
  worth: 0,
  gather: 0,
};
