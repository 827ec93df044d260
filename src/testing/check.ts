/**
 * What conformance suites are made of: checks that throw, and a module under test.
 *
 * A suite is a list of checks with names, so that any test runner can run it.
 */
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { decode, encode, type Schema } from '../contracts/schema.ts';

/** One thing that every module of a slot must do. `run` throws an Error that says what is wrong. */
export interface Check {
  readonly name: string;
  run(): void;
}

/** Throw unless two plain values are alike: numbers, strings, null and arrays of such. */
export function equal(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected) || show(actual) === show(expected)) return;
  throw new Error(`${what}: ${show(actual)} where ${show(expected)} is right`);
}

export function holds(what: string, condition: boolean): void {
  if (!condition) throw new Error(`it does not hold that ${what}`);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** An instance of a module whose state can be checked, and sent through bytes to a fresh instance. */
export class Subject<Operations extends object, State> {
  readonly #module: Module<Operations, State>;
  readonly #kernel: Kernel;
  readonly #schema: Schema<State>;
  state: State;
  operations: Operations;

  constructor(module: Module<Operations, State>, kernel: Kernel) {
    const { versions } = module.layout;
    const newest = versions.at(-1);
    if (newest === undefined) throw new Error('the layout of the state has no version');
    this.#module = module;
    this.#kernel = kernel;
    this.#schema = newest.schema as Schema<State>;
    this.state = module.layout.create();
    this.operations = module.create(this.state, kernel);
  }

  /** The state fits its schema and keeps its invariants. */
  check(): void {
    equal('broken invariants of the state', this.#module.layout.verify?.(this.state) ?? null, null);
    this.#schema.check(this.state, this.#module.manifest.name);
  }

  /** As a replacement with copied state does; what the instance kept elsewhere is lost. */
  copy(): void {
    this.check();
    this.state = decode(this.#schema, encode(this.#schema, this.state).slice());
    this.operations = this.#module.create(this.state, this.#kernel);
  }
}
