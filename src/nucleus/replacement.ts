/**
 * The replacement transaction: check, transfer, verify, flip, retire.
 *
 * One request may name several cells; all flip together or none does. Called only at a kernel-entry boundary, where
 * nothing runs in any module. Until the flip the old modules stay linked and their state is whole: whatever
 * is taken from it is taken from a copy, or put back.
 */
import type { Kernel } from '../contracts/kernel.ts';
import { decode, encode } from '../contracts/schema.ts';
import { reasonOf } from '../lib/reason.ts';
import { type Cell, type Cells, cellNameOf, stateVersionOf } from './cells.ts';
import { invariantBroken, migrate, schemaOf } from './migration.ts';
import type { Ledger, LedgerEntry, Step } from './ledger.ts';
import type { Side, Trial } from './trial.ts';
import {
  type AnyModule,
  checkModule,
  checkOperations,
  contractOf,
  type Operations,
  Refusal,
} from './registry.ts';

export type Transfer = 'move' | 'copy';

export interface ReplacementRequest {
  readonly modules: readonly AnyModule[];
  readonly transfer: Transfer;
  /** For the ledger. */
  readonly by: string;
  /** Called before each step of each cell; a throw fails the transaction there. For tests of the way back. */
  readonly probe?: (step: Step, cell: string) => void;
}

/** A replacement that was given up; every slot is as it was. */
export class ReplacementError extends Error {
  readonly step: Step;
  readonly cell: string;
  constructor(step: Step, cell: string, reason: string) {
    super(`${cell}: replacement refused at ${step}: ${reason}`);
    this.name = 'ReplacementError';
    this.step = step;
    this.cell = cell;
  }
}

/** A cell half way: the new side is built, the old one still linked. */
interface Prepared {
  readonly cell: Cell;
  readonly module: AnyModule;
  state: unknown;
  operations: Operations;
  how: LedgerEntry['transfer'];
  bytes: number;
  /** Puts the old side back as it was. */
  undo: () => void;
}

export interface ReplacerParts {
  readonly kernel: Kernel;
  readonly cells: Cells;
  readonly ledger: Ledger;
  readonly trial: Trial;
  /** Host time in ns, for the pause alone. */
  readonly hostNow: () => number;
}

export class Replacer {
  readonly #kernel: Kernel;
  readonly #cells: Cells;
  readonly #ledger: Ledger;
  readonly #trial: Trial;
  readonly #hostNow: () => number;
  /** Modules whose record and self-test passed; both are constant, so that once is enough. */
  readonly #passed: WeakSet<AnyModule> = new WeakSet();

  constructor({ kernel, cells, ledger, trial, hostNow }: ReplacerParts) {
    this.#kernel = kernel;
    this.#cells = cells;
    this.#ledger = ledger;
    this.#trial = trial;
    this.#hostNow = hostNow;
  }

  /**
   * Step 1 alone, for a module from outside: guests may run meanwhile. Throws ReplacementError.
   * Exercises a scratch instance on fresh state, so that a factory that throws is found before anything is at stake.
   */
  check(module: AnyModule): void {
    const name = this.#cellOf(module);
    this.#guard('check', name, () => {
      const cell = this.#cells.get(name);
      const lost = [...cell.leases.keys()].filter((lease) => !module.manifest.interfaces.includes(lease));
      if (lost.length > 0) throw new Refusal(`it lacks ${lost.join(', ')}, which is in use`);
      this.#trial.check(module);
      if (this.#passed.has(module)) return;
      const complaint = module.selfTest?.() ?? null;
      if (complaint !== null) throw new Refusal(`its self-test failed: ${complaint}`);
      this.#passed.add(module);
    });
  }

  /** Run the whole transaction. @returns the ledger entries. Throws ReplacementError; then nothing has changed. */
  replace(request: ReplacementRequest): readonly LedgerEntry[] {
    const prepared: Prepared[] = [];
    const names = new Set(request.modules.map((module) => this.#cellOf(module)));
    if (names.size !== request.modules.length)
      throw new ReplacementError('check', 'request', 'names one slot twice');
    let begin = 0;
    try {
      for (const module of request.modules) {
        const name = cellNameOf(module);
        this.#guard('check', name, () => request.probe?.('check', name));
        this.check(module);
      }
      this.#trial.prepare(request.modules);
      begin = this.#hostNow();
      for (const module of request.modules) {
        const cell = this.#cells.get(cellNameOf(module));
        this.#guard('transfer', cell.name, () => {
          request.probe?.('transfer', cell.name);
          this.#transfer(cell, module, request.transfer, prepared);
        });
      }
      for (const side of prepared) {
        this.#guard('verify', side.cell.name, () => {
          request.probe?.('verify', side.cell.name);
          verify(side);
        });
      }
      for (const side of prepared) {
        this.#guard('flip', side.cell.name, () => request.probe?.('flip', side.cell.name));
      }
    } catch (error) {
      this.#trial.dismiss();
      for (const side of prepared) side.undo();
      if (error instanceof ReplacementError) this.#record(request, error);
      throw error;
    }
    for (const side of prepared) this.#cells.link(side.cell.name, side.operations);
    const pauseNs = this.#hostNow() - begin;
    const sides = prepared.map(({ cell, module }): Side => ({ cell, module, from: cell.module }));
    const entries = prepared.map((side) => this.#retire(side, request.by, pauseNs));
    this.#trial.admit(sides);
    return entries;
  }

  /**
   * Put back what was in these cells before modules that failed on probation, by their state alone: no code of theirs
   * decides what becomes of it. A state of another layout is made anew from what the other slots know, and so is a doubtful
   * one where the contract knows how.
   */
  takeBack(sides: readonly Side[], reason: string, doubtful: boolean): void {
    for (const { cell, module, from } of sides) {
      this.#append(cell.name, from, module, 'probation', {
        transfer: 'move',
        failed: { step: 'probation', reason },
      });
      let transfer: LedgerEntry['transfer'] = 'move';
      const anew = doubtful && contractOf(from.manifest.slot).recover !== undefined;
      if (module.layout.name === from.layout.name && !anew) {
        if (stateVersionOf(from) !== cell.stateVersion) {
          transfer = 'migrate';
          cell.state = migrate(cell, from, cell.state);
        }
        cell.operations = this.#create(from, cell.state);
      } else {
        transfer = 'recover';
        this.#recover(cell, from);
      }
      const before = cell.previous.lastIndexOf(from);
      if (before >= 0) cell.previous.splice(before);
      cell.module = from;
      cell.stateVersion = stateVersionOf(from);
      this.#cells.link(cell.name, cell.operations);
      this.#append(cell.name, module, from, 'probation', { transfer, failed: null });
    }
  }

  #recover(cell: Cell, from: AnyModule): void {
    const { recover, rebuild } = contractOf(from.manifest.slot);
    const old = cell.operations;
    cell.state = from.layout.create();
    cell.operations = this.#create(from, cell.state);
    if (recover !== undefined) recover(this.#kernel, cell.operations);
    else rebuild?.(old, cell.operations);
  }

  /** The name of the cell that a module would fill. Throws ReplacementError if it is no module at all. */
  #cellOf(module: AnyModule): string {
    if (!this.#passed.has(module)) this.#guard('check', 'request', () => checkModule(module));
    return cellNameOf(module);
  }

  /** Build the new side. @param prepared it is put here before anything of the old side is touched */
  #transfer(cell: Cell, module: AnyModule, transfer: Transfer, prepared: Prepared[]): void {
    const side: Prepared = {
      cell,
      module,
      state: cell.state,
      operations: cell.operations,
      how: transfer,
      bytes: 0,
      undo: () => this.#renew(cell),
    };
    prepared.push(side);
    if (module.layout.name !== cell.module.layout.name) this.#rebuild(side);
    else {
      if (transfer === 'copy') {
        const schema = schemaOf(cell.module.layout, cell.stateVersion);
        const bytes = encode(schema, cell.state);
        side.bytes = bytes.length;
        side.state = decode(schema, bytes);
      }
      if (stateVersionOf(module) !== cell.stateVersion) {
        side.how = 'migrate';
        side.state = migrate(cell, module, side.state);
      }
      side.operations = this.#create(module, side.state);
    }
  }

  /** A fresh instance of the old module: the new one's factory may have taken over what is no state (an engine's region). */
  #renew(cell: Cell): void {
    cell.operations = this.#trial.instantiate(cell.module, cell.state);
    this.#cells.link(cell.name, cell.operations);
  }

  #create(module: AnyModule, state: unknown): Operations {
    const operations = this.#trial.instantiate(module, state);
    checkOperations(module.manifest, operations);
    return operations;
  }

  /** Different layouts: through the contract's public operations, on a fresh state. */
  #rebuild(side: Prepared): void {
    const { cell, module } = side;
    const rebuild = contractOf(module.manifest.slot).rebuild;
    if (rebuild === undefined) {
      throw new Refusal(
        `its state layout ${module.layout.name} is not ${cell.module.layout.name}, and the contract can not rebuild`,
      );
    }
    const schema = schemaOf(cell.module.layout, cell.stateVersion);
    const snapshot = encode(schema, cell.state).slice();
    side.undo = () => {
      cell.state = decode(schema, snapshot);
      this.#renew(cell);
    };
    side.how = 'rebuild';
    side.bytes = snapshot.length;
    side.state = module.layout.create();
    side.operations = this.#create(module, side.state);
    rebuild(cell.operations, side.operations);
  }

  #retire(side: Prepared, by: string, pauseNs: number): LedgerEntry {
    const { cell, module } = side;
    const from = cell.module;
    if (from !== module) {
      const before = cell.previous.indexOf(module);
      if (before >= 0) cell.previous.splice(before);
      else cell.previous.push(from);
    }
    cell.module = module;
    cell.state = side.state;
    cell.stateVersion = stateVersionOf(module);
    cell.operations = side.operations;
    return this.#append(cell.name, from, module, by, {
      pauseNs,
      bytesMoved: side.bytes,
      transfer: side.how,
      failed: null,
    });
  }

  #record(request: ReplacementRequest, error: ReplacementError): void {
    const to = request.modules.find((module) => cellNameOf(module) === error.cell);
    const from = this.#cells.all().find((cell) => cell.name === error.cell)?.module;
    const failed = { step: error.step, reason: error.message };
    this.#append(error.cell, from, to, request.by, { transfer: request.transfer, failed });
  }

  #append(
    cell: string,
    from: AnyModule | undefined,
    to: AnyModule | undefined,
    by: string,
    rest: Pick<LedgerEntry, 'transfer' | 'failed'> & Partial<LedgerEntry>,
  ): LedgerEntry {
    const { kernelEntries: atEntry, instructions: atInstruction } = this.#kernel.counters;
    const names = { from: from?.manifest.name ?? '', to: to?.manifest.name ?? '' };
    const entry = { cell, ...names, by, atEntry, atInstruction, pauseNs: 0, bytesMoved: 0, ...rest };
    this.#ledger.append(entry);
    return entry;
  }

  #guard(step: Step, cell: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof ReplacementError) throw error;
      throw new ReplacementError(step, cell, reasonOf(error));
    }
  }
}

/** The schema where the state was rewritten, the layout's invariants always. */
function verify(side: Prepared): void {
  const { module, state } = side;
  const broken =
    side.how === 'move'
      ? (module.layout.verify?.(state) ?? null)
      : invariantBroken(module, stateVersionOf(module), state);
  if (broken !== null) throw new Refusal(`an invariant is broken: ${broken}`);
}
