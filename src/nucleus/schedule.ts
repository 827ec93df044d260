/**
 * Replacements asked for ahead: at a time, after a number of kernel entries, or again and again.
 *
 * Parses `SLOT=NAME@WHEN` and tells at each entry boundary which are due. Which module `NAME` is, is resolved when it
 * is due, because `every` alternates between it and the module that was there.
 */
import { SLOTS, type SlotName } from '../contracts/module.ts';

export type When =
  | { readonly kind: 'once'; readonly unit: 'ns' | 'entries'; readonly at: number }
  | { readonly kind: 'every'; readonly unit: 'ns' | 'entries'; readonly at: number };

export interface Plan {
  readonly slot: SlotName;
  readonly name: string;
  readonly when: When | null;
}

/** Text that is not a plan; says what the form is. */
export class PlanError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'PlanError';
  }
}

const SCALE: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Parse `SLOT=NAME` or `SLOT=NAME@WHEN`, NAME with a version or without (`sv39@1.0`), WHEN being `200ms`, `1000entries`, `every:50ms` or `every:1entries`. */
export function parsePlan(text: string): Plan {
  const equals = text.indexOf('=');
  if (equals < 0) throw new PlanError(`'${text}' is not of the form SLOT=NAME[@WHEN]`);
  const slot = text.slice(0, equals);
  if (!(SLOTS as readonly string[]).includes(slot)) {
    throw new PlanError(`unknown slot '${slot}'; slots are ${SLOTS.join(', ')}`);
  }
  const rest = text.slice(equals + 1);
  const last = rest.lastIndexOf('@');
  // What follows the last @ may be the version of the module: pmap=sv39@1.0.
  const at = /^\d+(\.\d+)*$/.test(rest.slice(last + 1)) ? -1 : last;
  const name = at < 0 ? rest : rest.slice(0, at);
  if (name === '') throw new PlanError(`'${text}' names no module`);
  return { slot: slot as SlotName, name, when: at < 0 ? null : parseWhen(rest.slice(at + 1)) };
}

function parseWhen(text: string): When {
  const match = /^(every:)?(\d+)(ns|us|ms|s|entries)$/.exec(text);
  if (match === null) {
    throw new PlanError(`'${text}' is not a time; write 200ms, 1000entries, every:50ms or every:1000entries`);
  }
  const [, every, amount, unit] = match;
  const kind = every === undefined ? 'once' : 'every';
  const value = Number(amount);
  if (kind === 'every' && value === 0) throw new PlanError(`'${text}': the interval must not be zero`);
  return unit === 'entries'
    ? { kind, unit, at: value }
    : { kind, unit: 'ns', at: value * (SCALE[unit as string] as number) };
}

interface Scheduled {
  readonly plan: Plan;
  next: number;
  turn: number;
}

/** What is due: the plan and how often it was due before. */
export interface Due {
  readonly plan: Plan;
  readonly turn: number;
}

export class Schedule {
  readonly #byEntries: Scheduled[] = [];
  readonly #byTime: Scheduled[] = [];
  /** The soonest of each, so that a boundary costs two comparisons. */
  nextEntry: number = Number.POSITIVE_INFINITY;
  nextTime: number = Number.POSITIVE_INFINITY;

  add(plan: Plan, entries: number, now: number): void {
    if (plan.when === null) throw new PlanError(`${plan.slot}=${plan.name} says no time`);
    const from = plan.when.kind === 'once' ? 0 : plan.when.unit === 'entries' ? entries : now;
    const scheduled = { plan, next: from + plan.when.at, turn: 0 };
    (plan.when.unit === 'entries' ? this.#byEntries : this.#byTime).push(scheduled);
    this.#soonest();
  }

  /** Take all that are due at a boundary. */
  due(entries: number, now: number): readonly Due[] {
    const due: Due[] = [];
    take(this.#byEntries, entries, due);
    take(this.#byTime, now, due);
    this.#soonest();
    return due;
  }

  #soonest(): void {
    this.nextEntry = Math.min(Number.POSITIVE_INFINITY, ...this.#byEntries.map(({ next }) => next));
    this.nextTime = Math.min(Number.POSITIVE_INFINITY, ...this.#byTime.map(({ next }) => next));
  }
}

function take(from: Scheduled[], reached: number, due: Due[]): void {
  for (const scheduled of from) {
    if (scheduled.next > reached) continue;
    due.push({ plan: scheduled.plan, turn: scheduled.turn++ });
    const when = scheduled.plan.when as When;
    if (when.kind === 'once') scheduled.next = Number.POSITIVE_INFINITY;
    else while (scheduled.next <= reached) scheduled.next += when.at;
  }
}
