/**
 * The registry: which modules exist and which contracts they must meet.
 *
 * Holds module records by slot and name, built in or loaded, and checks the shape of what comes from outside. It does
 * not decide which one fills a slot.
 */
import { abi } from '../contracts/abi.ts';
import { block } from '../contracts/block.ts';
import { buffercache } from '../contracts/buffercache.ts';
import { clock } from '../contracts/clock.ts';
import type { Contract } from '../contracts/contract.ts';
import { engine } from '../contracts/engine.ts';
import { filesystem } from '../contracts/filesystem.ts';
import { frames } from '../contracts/frames.ts';
import { ipc } from '../contracts/ipc.ts';
import { compareVersions } from '../lib/version.ts';
import { type Manifest, type Module, SLOTS, type SlotName } from '../contracts/module.ts';
import { net } from '../contracts/net.ts';
import { pagecache } from '../contracts/pagecache.ts';
import { pmap } from '../contracts/pmap.ts';
import { process } from '../contracts/process.ts';
import { scheduler } from '../contracts/scheduler.ts';
import { tty } from '../contracts/tty.ts';
import { vfs } from '../contracts/vfs.ts';
import { vm } from '../contracts/vm.ts';

/** A set of operations whose contract is not known statically. */
export type Operations = Record<string, unknown>;
export type AnyModule = Module<Operations, unknown>;

const CONTRACTS = {
  engine,
  frames,
  pmap,
  clock,
  scheduler,
  process,
  pagecache,
  vm,
  ipc,
  net,
  tty,
  block,
  buffercache,
  filesystem,
  vfs,
  abi,
};

/** The contract of a slot, with its operations' types forgotten. */
export const contractOf = (slot: SlotName): Contract<Operations> =>
  CONTRACTS[slot] as unknown as Contract<Operations>;

/** A module or a request that is refused; the message says why in one line. Nothing was changed. */
export class Refusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Refusal';
  }
}

export interface RegisteredModule {
  readonly module: AnyModule;
  /** It came from a file after boot. */
  readonly loaded: boolean;
  /** Bytes of that file. */
  readonly size: number;
}

export class Registry {
  readonly #modules = new Map<string, RegisteredModule>();

  /** Add a module. Throws Refusal if its record is malformed or its name is taken by one that is built in. */
  add(candidate: unknown, loaded: boolean, size: number): RegisteredModule {
    const module = checkModule(candidate);
    const { slot, name, version } = module.manifest;
    if (loaded && this.find(slot, name)?.loaded === false) {
      throw new Refusal(`${slot}/${canonical(name)} is built in; give the module another name`);
    }
    const entry = { module, loaded, size };
    this.#modules.set(`${slot}/${canonical(name)}@${version}`, entry);
    return entry;
  }

  remove(module: AnyModule): void {
    const { slot, name, version } = module.manifest;
    this.#modules.delete(`${slot}/${canonical(name)}@${version}`);
  }

  /** @param name as in `sv39`, the newest of that name, or `sv39@1.0`, the newest whose version begins so */
  find(slot: SlotName, name: string): RegisteredModule | null {
    return chooseVersion(this.of(slot), ({ module }) => module, name);
  }

  /** The entry of this very module, or null. */
  entryOf(module: AnyModule): RegisteredModule | null {
    return this.all().find((entry) => entry.module === module) ?? null;
  }

  /** The modules that guests know by that name, all of one slot; `-` equals `_`. */
  named(name: string): readonly RegisteredModule[] {
    const wanted = canonical(name);
    return this.all().filter(({ module }) => this.guestName(module) === wanted);
  }

  /** What guests call a module: its name, with the slot before it where a slot that boots earlier has the name too. */
  guestName({ manifest: { slot, name } }: AnyModule): string {
    const mine = canonical(name);
    const earlier = SLOTS.slice(0, SLOTS.indexOf(slot));
    const taken = this.all().some(
      ({ module: { manifest } }) => earlier.includes(manifest.slot) && canonical(manifest.name) === mine,
    );
    return taken ? `${slot}-${mine}` : mine;
  }

  of(slot: SlotName): readonly RegisteredModule[] {
    return [...this.#modules.values()].filter(({ module }) => module.manifest.slot === slot);
  }

  all(): readonly RegisteredModule[] {
    return [...this.#modules.values()];
  }
}

const canonical = (name: string): string => name.replaceAll('_', '-');

/** Of several things with modules, the one with the newest that `NAME` or `NAME@VERSION` means, or null. */
export function chooseVersion<T>(
  among: readonly T[],
  moduleOf: (one: T) => AnyModule,
  text: string,
): T | null {
  const [name = '', wanted = ''] = text.split('@');
  const fits = among.filter((one) => {
    const { manifest } = moduleOf(one);
    const begins = wanted === '' || `${manifest.version}.`.startsWith(`${wanted}.`);
    return begins && canonical(manifest.name) === canonical(name);
  });
  const versionOf = (one: T): string => moduleOf(one).manifest.version;
  return fits.toSorted((a, b) => compareVersions(versionOf(b), versionOf(a)))[0] ?? null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Check the record that a module file exports. Throws Refusal. */
export function checkModule(candidate: unknown): AnyModule {
  if (!isRecord(candidate))
    throw new Refusal('the module exports no record with manifest, layout and create');
  const { manifest, layout, create } = candidate;
  if (!isRecord(manifest)) throw new Refusal('the module has no manifest');
  const { slot, name, version, contract, interfaces, needs, description, type } = manifest;
  if (typeof slot !== 'string' || !(SLOTS as readonly string[]).includes(slot)) {
    throw new Refusal(`the manifest names slot ${String(slot)}; slots are ${SLOTS.join(', ')}`);
  }
  if (typeof name !== 'string' || !/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/.test(name)) {
    throw new Refusal(`module name ${String(name)} is not in kebab-case`);
  }
  const key = `${slot}/${name}`;
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version))
    throw new Refusal(`${key}: version is not semantic`);
  if (typeof description !== 'string') throw new Refusal(`${key}: the manifest has no description`);
  if (!isTexts(interfaces)) throw new Refusal(`${key}: interfaces is not a list of names`);
  if (!isRecord(needs)) throw new Refusal(`${key}: needs is not a record of contract versions`);
  if (slot === 'filesystem' && typeof type !== 'string')
    throw new Refusal(`${key}: a file system names its type`);
  if (typeof create !== 'function') throw new Refusal(`${key}: create is not a function`);
  if (!isRecord(layout) || !Array.isArray(layout['versions']) || typeof layout['create'] !== 'function') {
    throw new Refusal(`${key}: layout is not a state layout`);
  }
  const known = contractOf(slot as SlotName);
  if (contract !== known.version) {
    throw new Refusal(
      `${key} implements version ${String(contract)} of contract ${slot}; this kernel has ${known.version}`,
    );
  }
  for (const [need, least] of Object.entries(needs)) {
    if (!(SLOTS as readonly string[]).includes(need))
      throw new Refusal(`${key} needs unknown contract ${need}`);
    const present = contractOf(need as SlotName).version;
    if (typeof least !== 'number' || present < least) {
      throw new Refusal(
        `${key} needs version ${String(least)} of contract ${need}; this kernel has ${present}`,
      );
    }
  }
  for (const name of interfaces) {
    if (!(name in known.interfaces)) throw new Refusal(`${key}: contract ${slot} has no interface ${name}`);
  }
  return candidate as unknown as AnyModule;
}

/** Check that an instance has every operation of its contract and its stated interfaces. Throws Refusal. */
export function checkOperations(manifest: Manifest, operations: Operations): void {
  const known = contractOf(manifest.slot);
  const missing = [
    ...known.operations,
    ...manifest.interfaces.flatMap((name) => known.interfaces[name] ?? []),
  ].filter((name) => typeof operations[name] !== 'function');
  if (missing.length > 0) {
    throw new Refusal(`${manifest.slot}/${manifest.name} lacks operations ${missing.join(', ')}`);
  }
}
