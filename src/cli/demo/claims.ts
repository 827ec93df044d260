/**
 * The kinds of claims that scenarios make about a figure before and after. A figure that is not there holds no claim.
 */
import type { Claim } from './record.ts';
import { percent } from './table.ts';

type Show = (figure: number) => string;

/** A figure that is to fall to at most this part of what it was, or not to rise by more. */
export const atMost = (title: string, part: number, before: number, after: number, show: Show): Claim => ({
  title,
  before: show(before),
  after: show(after),
  claim: `at most ${percent(part).replace('.0', '')}`,
  holds: after <= before * part,
});

/** A figure that is to rise to at least this part of what it was. */
export const atLeast = (title: string, part: number, before: number, after: number, show: Show): Claim => ({
  title,
  before: show(before),
  after: show(after),
  claim: `at least ${percent(part).replace('.0', '')}`,
  holds: after >= before * part,
});

/** What is to be the same, whatever was replaced. */
export const theSame = (title: string, before: string, after: string): Claim => ({
  title,
  before,
  after,
  claim: 'the same',
  holds: before === after,
});

/** A feature that is lacking before. @param works what says that it is there */
export const becomesPossible = (title: string, works: string, before: string, after: string): Claim => ({
  title,
  before,
  after,
  claim: 'becomes possible',
  holds: before !== works && after === works,
});

/** What is there to be seen only. */
export const shown = (title: string, before: string, after: string): Claim => ({
  title,
  before,
  after,
  claim: '',
  holds: true,
});
