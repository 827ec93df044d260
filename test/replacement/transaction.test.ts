/**
 * The protocol of a replacement: all or nothing, whatever fails and wherever.
 *
 * A script runs on the embedded root and transactions are tried at its kernel-entry boundaries. One that fails must leave
 * the run as it is to the bit; one that is committed must be in the ledger as what it was.
 */
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultModules } from '../../src/api/builtin.ts';
import { Kernel } from '../../src/api/kernel.ts';
import { type ClockState, clockLayout } from '../../src/contracts/clock.ts';
import type { StateLayout, StateVersion } from '../../src/contracts/contract.ts';
import type { Kernel as KernelRecord } from '../../src/contracts/kernel.ts';
import { SLOTS } from '../../src/contracts/module.ts';
import { type Schedulable, scheduler } from '../../src/contracts/scheduler.ts';
import { int, record, type Schema } from '../../src/contracts/schema.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { STEPS, type Step } from '../../src/nucleus/ledger.ts';
import type { Nucleus } from '../../src/nucleus/nucleus.ts';
import { type AnyModule, contractOf, type Operations } from '../../src/nucleus/registry.ts';
import { ReplacementError, type Transfer } from '../../src/nucleus/replacement.ts';
import { PATH } from '../support/guest.ts';
import { type RigRun, runRig } from '../support/rig.ts';

/** Pipes, jobs, signals and files; every part of it says something. */
const SCRIPT = `
trap 'echo caught' USR1
mkdir -p /tmp/w && cd /tmp/w
i=0
while [ $i -lt 30 ]; do
  echo $i | cat | cat >> log
  i=$((i + 1))
done
cat log | sort -n | head -n 3
for n in 1 2 3; do (sleep 0.0$n; echo job $n) & done
wait
kill -USR1 $$
(sleep 0.01; kill -TERM $$) & trap 'echo terminated; exit 5' TERM
while :; do :; done
`;
const EXIT_5 = 5 << 8;
const TRANSFERS: readonly Transfer[] = ['move', 'copy'];
/** Steps that can fail before anything has changed; `retire` and `probation` come behind the flip. */
const FALLIBLE: readonly Step[] = STEPS.filter((step) => step !== 'retire' && step !== 'probation');
const CELLS = defaultModules().map(({ manifest }) =>
  manifest.slot === 'filesystem' ? `filesystem:${manifest.type ?? ''}` : manifest.slot,
);

type Act = (nucleus: Nucleus, boundary: number) => void;

const run = (act: Act, modules: readonly AnyModule[] = []): Promise<RigRun> => {
  let boundary = 0;
  return runRig(['/bin/sh', '/tmp/script'], {
    files: { '/tmp/script': SCRIPT },
    modules,
    atBoundary: (nucleus) => act(nucleus, boundary++),
  });
};
/** At some boundaries of the run, early, in the middle and late. */
const sometimes =
  (act: (nucleus: Nucleus) => void): Act =>
  (nucleus, boundary) => {
    if (boundary % 15 === 7) act(nucleus);
  };

let plain: RigRun;
beforeAll(async () => {
  plain = await run(() => {});
  expect([plain.stderr, plain.failure, plain.status]).toEqual(['', '', EXIT_5]);
});

const sameRun = (other: RigRun): void =>
  expect([other.stdout, other.failure, other.status, other.digest]).toEqual([
    plain.stdout,
    '',
    EXIT_5,
    plain.digest,
  ]);
const sameOutput = (other: RigRun): void =>
  expect([other.stdout, other.failure, other.status]).toEqual([plain.stdout, '', EXIT_5]);

/** What fills the cells, as far as programs and later transactions can tell. */
const fill = (nucleus: Nucleus): readonly unknown[] =>
  nucleus.cells
    .all()
    .map(({ name, module, stateVersion, previous }) => [name, module, stateVersion, [...previous]]);
/** The operations that linkage reads. */
const linked = (nucleus: Nucleus, name: string): unknown => {
  const [slot, type] = name.split(':');
  const found = nucleus.kernel[slot as keyof KernelRecord];
  return type === undefined ? found : (found as unknown as Record<string, unknown>)[type];
};
const refusal = (act: () => unknown): ReplacementError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ReplacementError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

/** Try what must be refused. Checks that nothing has changed and that the ledger says so. */
function refused(
  nucleus: Nucleus,
  modules: readonly AnyModule[],
  expected: { readonly step: Step; readonly cell: string; readonly reason: RegExp },
  transfer: Transfer,
  probe?: (step: Step, cell: string) => void,
): void {
  const before = fill(nucleus);
  const entries = nucleus.ledger.entries().length;
  const error = refusal(() => nucleus.replace(modules, 'test', transfer, probe));
  expect([error.step, error.cell, error.message]).toEqual([
    expected.step,
    expected.cell,
    expect.stringMatching(expected.reason),
  ]);
  expect(fill(nucleus)).toEqual(before);
  for (const { name, operations } of nucleus.cells.all())
    expect(linked(nucleus, name) === operations, name).toBe(true);
  if (expected.cell === 'request') return;
  const { counters } = nucleus.kernel;
  expect(nucleus.ledger.entries().length).toBe(entries + 1);
  expect(nucleus.ledger.entries().at(-1)).toMatchObject({
    cell: expected.cell,
    from: nucleus.cells.get(expected.cell).module.manifest.name,
    by: 'test',
    atEntry: counters.kernelEntries,
    pauseNs: 0,
    bytesMoved: 0,
    failed: { step: expected.step, reason: error.message },
  });
}

const present = (nucleus: Nucleus, cell: string): AnyModule => nucleus.cells.get(cell).module;
const roundRobin = (nucleus: Nucleus): AnyModule => nucleus.find('scheduler', 'round-robin');
const failing =
  (step: Step, cell: string) =>
  (at: Step, of: string): void => {
    if (at === step && of === cell) throw new Error('planted failure');
  };

describe('a transaction that fails', () => {
  it.each(FALLIBLE)('at %s, for each cell by itself, leaves everything as it was', async (step) => {
    let tried = 0;
    const other = await run(
      sometimes((nucleus) => {
        for (const cell of CELLS) {
          for (const transfer of TRANSFERS) {
            const expected = { step, cell, reason: /planted failure/ };
            refused(nucleus, [present(nucleus, cell)], expected, transfer, failing(step, cell));
            tried++;
          }
        }
      }),
    );
    expect(tried).toBeGreaterThanOrEqual(3 * 2 * CELLS.length);
    sameRun(other);
  });

  it.each(FALLIBLE)('at %s of one cell, flips none of all the others', async (step) => {
    let tried = 0;
    const other = await run(
      sometimes((nucleus) => {
        const cell = CELLS[(tried * 5) % CELLS.length] as string;
        const all = nucleus.cells.all().map(({ module }) => module);
        for (const transfer of TRANSFERS) {
          const expected = { step, cell, reason: /planted failure/ };
          refused(nucleus, all, expected, transfer, failing(step, cell));
        }
        tried++;
      }),
    );
    expect(tried).toBeGreaterThanOrEqual(3);
    sameRun(other);
  });

  it('with a rebuild in it gives the old scheduler its threads back', async () => {
    const others = ['vm', 'scheduler', 'clock'];
    const other = await run(
      sometimes((nucleus) => {
        for (const step of ['transfer', 'verify', 'flip'] as const) {
          for (const cell of others) {
            const modules = [present(nucleus, 'vm'), roundRobin(nucleus), present(nucleus, 'clock')];
            refused(nucleus, modules, { step, cell, reason: /planted failure/ }, 'move', failing(step, cell));
          }
        }
      }),
    );
    sameRun(other);
  });

  it('in the middle of a rebuild gives the old scheduler its threads back', async () => {
    const other = await run(
      sometimes((nucleus) => {
        const real = roundRobin(nucleus);
        let added = 0;
        const forgetful: AnyModule = {
          ...real,
          create(state, kernel) {
            const operations = { ...real.create(state, kernel) };
            const add = operations['add'] as (thread: Schedulable) => void;
            operations['add'] = (thread: Schedulable): void => {
              if (++added === 2) throw new Error('no more room');
              add(thread);
            };
            return operations;
          },
        };
        refused(
          nucleus,
          [forgetful],
          { step: 'transfer', cell: 'scheduler', reason: /no more room/ },
          'move',
        );
        for (const name of scheduler.operations) {
          const expected = {
            step: 'transfer',
            cell: 'scheduler',
            reason: new RegExp(`lacks operations ${name}$`),
          } as const;
          refused(nucleus, [without(real, name)], expected, 'move');
        }
      }),
    );
    sameRun(other);
  });

  it('gives an engine its region back', async () => {
    const other = await run(
      sometimes((nucleus) => {
        const real = present(nucleus, 'engine');
        const scribbling: AnyModule = {
          ...real,
          create(_state, { machine }) {
            const { start, end } = machine.layout.engine;
            machine.u8.fill(0x5a, start, end);
            throw new Error('no such feature here');
          },
        };
        refused(
          nucleus,
          [scribbling],
          { step: 'transfer', cell: 'engine', reason: /no such feature/ },
          'move',
        );
      }),
    );
    sameRun(other);
  });
});

const without = (real: AnyModule, name: string): AnyModule => ({
  ...real,
  create(state, kernel): Operations {
    const { [name]: _, ...rest } = real.create(state, kernel);
    return rest;
  },
});
const manifestOf = (real: AnyModule, change: object): AnyModule => ({
  ...real,
  manifest: { ...real.manifest, ...change },
});

interface Bad {
  readonly what: string;
  readonly step: Step;
  readonly reason: RegExp;
  readonly make: (real: AnyModule) => AnyModule;
  /** It is not even known which cell it is for. */
  readonly shapeless?: boolean;
}

const BAD: readonly Bad[] = [
  {
    what: 'throws when it is created',
    step: 'transfer',
    reason: /no such feature here/,
    make: (real) => ({
      ...real,
      create: () => {
        throw new Error('no such feature here');
      },
    }),
  },
  {
    what: 'throws what is no error',
    step: 'transfer',
    reason: /replacement refused at transfer: /,
    make: (real) => ({
      ...real,
      create: () => {
        // oxlint-disable-next-line no-throw-literal -- modules from outside do
        throw null;
      },
    }),
  },
  {
    what: 'fails its self-test',
    step: 'check',
    reason: /its self-test failed: two and two are five/,
    make: (real) => ({ ...real, selfTest: () => 'two and two are five' }),
  },
  {
    what: 'throws in its self-test',
    step: 'check',
    reason: /out of luck/,
    make: (real) => ({
      ...real,
      selfTest: () => {
        throw new Error('out of luck');
      },
    }),
  },
  {
    what: 'has an invariant that does not hold',
    step: 'verify',
    reason: /an invariant is broken: of the new module/,
    make: (real) => ({ ...real, layout: { ...real.layout, verify: () => 'of the new module' } }),
  },
  {
    what: 'has another state layout',
    step: 'transfer',
    reason: /its state layout another is not \S+, and the contract can not rebuild/,
    make: (real) => ({ ...real, layout: { ...real.layout, name: 'another' } }),
  },
  {
    what: 'works on a version of the state that there is no way to',
    step: 'transfer',
    reason: /can not go up to version/,
    make: (real) => ({ ...real, stateVersion: 7 }),
  },
  {
    what: 'is of another version of the contract',
    step: 'check',
    reason: /implements version 99 of contract \S+; this kernel has 1$/,
    make: (real) => manifestOf(real, { contract: 99 }),
    shapeless: true,
  },
  {
    what: 'needs a newer contract',
    step: 'check',
    reason: /needs version 2 of contract clock; this kernel has 1/,
    make: (real) => manifestOf(real, { needs: { clock: 2 } }),
    shapeless: true,
  },
  {
    what: 'needs an unknown contract',
    step: 'check',
    reason: /needs unknown contract teleport/,
    make: (real) => manifestOf(real, { needs: { teleport: 1 } }),
    shapeless: true,
  },
  {
    what: 'states an interface that there is not',
    step: 'check',
    reason: /has no interface telepathy/,
    make: (real) => manifestOf(real, { interfaces: ['telepathy'] }),
    shapeless: true,
  },
  {
    what: 'has no manifest',
    step: 'check',
    reason: /the module has no manifest/,
    make: (real) => ({ ...real, manifest: undefined as never }),
    shapeless: true,
  },
];

describe('a module is refused that', () => {
  it.each(BAD)('$what', async ({ step, reason, make, shapeless }) => {
    const other = await run((nucleus, boundary) => {
      if (boundary !== 41) return;
      for (const cell of CELLS) {
        // The scheduler's contract can rebuild, so that another layout is no reason there.
        if (reason.source.includes('rebuild') && cell === 'scheduler') continue;
        for (const transfer of TRANSFERS) {
          const module = make(present(nucleus, cell));
          refused(nucleus, [module], { step, cell: shapeless === true ? 'request' : cell, reason }, transfer);
        }
      }
    });
    sameRun(other);
  });

  it('lacks any one operation of its contract', async () => {
    let tried = 0;
    const other = await run((nucleus, boundary) => {
      if (boundary !== 41) return;
      for (const cell of CELLS) {
        const real = present(nucleus, cell);
        for (const name of contractOf(real.manifest.slot).operations) {
          const reason = new RegExp(`lacks operations ${name}$`);
          refused(nucleus, [without(real, name)], { step: 'transfer', cell, reason }, 'move');
          tried++;
        }
      }
    });
    expect(tried).toBeGreaterThan(SLOTS.length * 4);
    sameRun(other);
  });

  it('is named beside another for the same cell', async () => {
    const other = await run((nucleus, boundary) => {
      if (boundary !== 41) return;
      for (const cell of CELLS) {
        const twice = [present(nucleus, cell), present(nucleus, cell)];
        refused(nucleus, twice, { step: 'check', cell: 'request', reason: /names one slot twice/ }, 'move');
      }
    });
    sameRun(other);
  });
});

describe('a transaction over several cells', () => {
  it('flips all of them after the last step of the last', async () => {
    let seen = 0;
    const other = await run(
      sometimes((nucleus) => {
        const cells = nucleus.cells.all();
        const old = cells.map(({ name }) => linked(nucleus, name));
        const steps: string[] = [];
        const entries = nucleus.replace(
          cells.map(({ module }) => module),
          'test',
          'copy',
          (step, cell) => {
            steps.push(`${step} ${cell}`);
            for (const [i, { name }] of cells.entries())
              expect(linked(nucleus, name) === old[i], name).toBe(true);
          },
        );
        expect(steps).toEqual(FALLIBLE.flatMap((step) => cells.map(({ name }) => `${step} ${name}`)));
        for (const [i, { name }] of cells.entries())
          expect(linked(nucleus, name) === old[i], name).toBe(false);
        expect(entries.map(({ cell }) => cell)).toEqual(cells.map(({ name }) => name));
        seen++;
      }),
    );
    expect(seen).toBeGreaterThanOrEqual(3);
    sameRun(other);
  });
});

interface ClockTwo {
  offset: { seconds: number; nanoseconds: number };
  armed: ClockState['timers'];
  order: number;
}
interface ClockThree {
  two: ClockTwo;
  /** Migrations that this state went through. */
  journeys: number;
}

const offset = record({ seconds: int(), nanoseconds: int() }, () => ({ seconds: 0, nanoseconds: 0 }));
const versionOne = clockLayout.versions[0] as StateVersion;
/** Timers as version 1 writes them. */
const timers: Schema<ClockState['timers']> = {
  check: (value, at) =>
    versionOne.schema.check({ realtimeSeconds: 0, realtimeNanoseconds: 0, timers: value, nextOrder: 0 }, at),
  write: (value, out) =>
    versionOne.schema.write({ realtimeSeconds: 0, realtimeNanoseconds: 0, timers: value, nextOrder: 0 }, out),
  read: (input) => (versionOne.schema.read(input) as ClockState).timers,
};
const two: Schema<ClockTwo> = record<ClockTwo>({ offset, armed: timers, order: int() }, () => ({
  offset: { seconds: 0, nanoseconds: 0 },
  armed: [],
  order: 0,
}));
const upToTwo = (older: unknown): ClockTwo => {
  const { realtimeSeconds, realtimeNanoseconds, timers: armed, nextOrder } = older as ClockState;
  return {
    offset: { seconds: realtimeSeconds, nanoseconds: realtimeNanoseconds },
    armed: armed.map((timer) => ({ ...timer })),
    order: nextOrder,
  };
};
const downToOne = (newer: unknown): ClockState => {
  const state = newer as ClockTwo;
  return {
    realtimeSeconds: state.offset.seconds,
    realtimeNanoseconds: state.offset.nanoseconds,
    timers: state.armed.map((timer) => ({ ...timer })),
    nextOrder: state.order,
  };
};
const VERSION_TWO: StateVersion = {
  version: 2,
  schema: two as Schema<unknown>,
  up: upToTwo,
  down: downToOne,
};
const VERSION_THREE: StateVersion = {
  version: 3,
  schema: record<ClockThree>({ two, journeys: int() }, () => ({
    two: upToTwo(clockLayout.create()),
    journeys: 0,
  })) as Schema<unknown>,
  up: (older) => ({ two: structuredClone(older), journeys: 1 }),
  down: (newer) => structuredClone((newer as ClockThree).two),
};

/** The clock of this kernel on another version of the state, which it sees as the first through accessors. */
function clockOn(real: AnyModule, versions: readonly StateVersion[], stateVersion: number): AnyModule {
  const layout: StateLayout<unknown> = {
    name: real.layout.name,
    versions,
    create: () => {
      throw new Error('made from nothing');
    },
  };
  return {
    ...real,
    manifest: { ...real.manifest, name: `clock-${stateVersion}` },
    layout,
    stateVersion,
    create(state, kernel) {
      const own = stateVersion === 3 ? (state as ClockThree).two : (state as ClockTwo);
      const view: ClockState = {
        get realtimeSeconds() {
          return own.offset.seconds;
        },
        set realtimeSeconds(value) {
          own.offset.seconds = value;
        },
        get realtimeNanoseconds() {
          return own.offset.nanoseconds;
        },
        set realtimeNanoseconds(value) {
          own.offset.nanoseconds = value;
        },
        get timers() {
          return own.armed;
        },
        set timers(value) {
          own.armed = value;
        },
        get nextOrder() {
          return own.order;
        },
        set nextOrder(value) {
          own.order = value;
        },
      };
      return real.create(view, kernel);
    },
  };
}

describe('state of another version', () => {
  it.each(TRANSFERS)('goes up and down again in the middle of a run, by %s', async (transfer) => {
    const journeys: string[] = [];
    let one: AnyModule;
    const other = await run((nucleus, boundary) => {
      if (boundary === 0) one = present(nucleus, 'clock');
      const clock2 = clockOn(one, [versionOne, VERSION_TWO], 2);
      const clock3 = clockOn(one, [versionOne, VERSION_TWO, VERSION_THREE], 3);
      const next = [clock2, one, clock2, clock3, clock2, clock3, one][boundary % 7] as AnyModule;
      const from = present(nucleus, 'clock').manifest.name;
      const [entry] = nucleus.replace([next], 'test', transfer);
      expect(entry?.transfer).toBe(from === next.manifest.name ? transfer : 'migrate');
      expect(nucleus.cells.get('clock').stateVersion).toBe(next.stateVersion ?? 1);
      journeys.push(`${from} to ${next.manifest.name}`);
    });
    expect(new Set(journeys)).toEqual(
      new Set([
        'tick to clock-2',
        'clock-2 to tick',
        'clock-2 to clock-3',
        'clock-3 to clock-2',
        'clock-3 to tick',
      ]),
    );
    sameRun(other);
  });

  it('that can not be reached is refused, and what fails on the way', async () => {
    const other = await run(
      sometimes((nucleus) => {
        const one = present(nucleus, 'clock');
        const up = (): never => {
          throw new Error('lost on the way');
        };
        const lost = clockOn(one, [versionOne, { ...VERSION_TWO, up }], 2);
        const gap = clockOn(one, [versionOne, VERSION_THREE], 3);
        const wrong = clockOn(one, [versionOne, { ...VERSION_TWO, up: () => ({ armed: 5 }) }], 2);
        const refuse = (module: AnyModule, step: Step, reason: RegExp, transfer: Transfer): void =>
          refused(nucleus, [module], { step, cell: 'clock', reason }, transfer);
        for (const transfer of TRANSFERS) {
          refuse(lost, 'transfer', /lost on the way/, transfer);
          refuse(gap, 'transfer', /layout clock can not go up to version 2/, transfer);
          refuse(wrong, 'verify', /state at clock/, transfer);
        }
        const { down: _, ...oneWay } = VERSION_TWO;
        nucleus.replace([clockOn(one, [versionOne, oneWay], 2)], 'test');
        for (const transfer of TRANSFERS) refuse(one, 'transfer', /can not go down from version 2/, transfer);
        nucleus.replace([clockOn(one, [versionOne, VERSION_TWO], 2)], 'test');
        nucleus.replace([one], 'test');
      }),
    );
    sameRun(other);
  });
});

describe('another policy', () => {
  it('takes over the threads at every boundary, and gives them back', async () => {
    const fair = (await import(path.join(import.meta.dirname, '../modules/fixtures/fair.mjs'))) as {
      readonly default: AnyModule;
    };
    const hows = new Map<string, number>();
    let last: Nucleus | null = null;
    const other = await run((nucleus, boundary) => {
      last = nucleus;
      const policies = [roundRobin(nucleus), nucleus.find('scheduler', 'time-sharing'), fair.default];
      const loaded = nucleus.kernel.scheduler.load();
      const [entry] = nucleus.replace([policies[boundary % 3] as AnyModule], 'test', TRANSFERS[boundary % 2]);
      expect(nucleus.kernel.scheduler.load()).toBe(loaded);
      if (entry === undefined || entry.from === entry.to) return;
      expect([entry.transfer, entry.bytesMoved > 0]).toEqual(['rebuild', true]);
      const way = `${entry.from} to ${entry.to}`;
      hows.set(way, (hows.get(way) ?? 0) + 1);
    });
    for (const way of [
      'round-robin to time-sharing',
      'time-sharing to fair-share',
      'fair-share to round-robin',
    ])
      expect(hows.get(way) ?? 0, way).toBeGreaterThan(40);
    // What goes back is not stacked up.
    expect((last as Nucleus | null)?.cells.get('scheduler').previous.length).toBeLessThanOrEqual(2);
    sameOutput(other);
  });

  it('of memory takes over shared frames at every boundary, and gives them back', async () => {
    const other = await run((nucleus, boundary) => {
      const name = boundary % 2 === 0 ? 'primitive' : 'cow';
      nucleus.replace([nucleus.find('vm', name)], 'test', TRANSFERS[boundary % 3 === 0 ? 1 : 0]);
    });
    sameOutput(other);
  });
});

describe('the ledger', () => {
  it('has each replacement as it was', async () => {
    const done: unknown[] = [];
    const other = await run(
      sometimes((nucleus) => {
        for (const { name, module } of nucleus.cells.all()) {
          for (const transfer of TRANSFERS) {
            const [entry] = nucleus.replace([module], 'someone', transfer);
            const { kernelEntries: atEntry, instructions: atInstruction } = nucleus.kernel.counters;
            const own = module.manifest.name;
            expect(entry).toMatchObject({
              cell: name,
              from: own,
              to: own,
              by: 'someone',
              atEntry,
              atInstruction,
              transfer,
              failed: null,
            });
            // An engine has no state but caches.
            const bytes = transfer === 'copy' && name !== 'engine';
            expect([(entry?.bytesMoved ?? 0) > 0, (entry?.pauseNs ?? -1) >= 0], name).toEqual([bytes, true]);
            done.push(entry);
          }
        }
      }),
    );
    expect(done.length).toBeGreaterThanOrEqual(3 * 2 * CELLS.length);
    expect(other.nucleus.ledger.entries()).toEqual(done);
    sameRun(other);
  });
});

describe('kernel.replace', () => {
  /** Run the script by the API. @param act called with each piece of output */
  async function byApi(
    act: (kernel: Kernel) => void,
  ): Promise<{ readonly digest: string; readonly output: string }> {
    let output = '';
    const input = new PassThrough();
    input.end();
    const host = nodeHost({
      stdin: input,
      onOutput(_stream, bytes) {
        output += Buffer.from(bytes).toString();
        act(kernel);
      },
    });
    const kernel: Kernel = await Kernel.boot({ host, deterministic: true, digest: 'full', memory: 64 << 20 });
    await kernel.install('/tmp/script', Buffer.from(SCRIPT), 0o755);
    const { exited } = await kernel.spawn(['/bin/sh', '/tmp/script'], { env: { PATH, HOME: '/root' } });
    expect(await exited).toEqual({ code: 5, signal: 0 });
    const digest = kernel.digest();
    await kernel.shutdown();
    return { digest, output };
  }

  it('from inside a callback of output replaces once that entry is over', async () => {
    const alone = await byApi(() => {});
    expect(alone.output).toBe(plain.stdout);
    const asked: Promise<unknown>[] = [];
    let ledger = 0;
    const other = await byApi((kernel) => {
      const before = kernel.ledger().length;
      asked.push(
        kernel.replace(
          { scheduler: 'time-sharing', vfs: 'dentry', tty: 'line-discipline', abi: 'linux' },
          { transfer: 'copy' },
        ),
        kernel.replace({ process: 'posix', vm: 'cow', ipc: 'basic', engine: 'interpreter' }),
      );
      expect(kernel.ledger().length).toBe(before);
      ledger = before;
    });
    const entries = (await Promise.all(asked)).flat();
    expect(entries.length).toBe(4 * asked.length);
    expect(asked.length).toBeGreaterThan(5);
    expect(ledger).toBeLessThanOrEqual(entries.length);
    expect([other.digest, other.output]).toEqual([alone.digest, alone.output]);
  });

  it('says what is there where a name is wrong, and goes on', async () => {
    const alone = await byApi(() => {});
    const refusals: Promise<unknown>[] = [];
    const other = await byApi((kernel) => {
      refusals.push(
        expect(kernel.replace({ scheduler: 'no-such-thing' })).rejects.toThrow(
          /it has time-sharing, round-robin/,
        ),
      );
    });
    await Promise.all(refusals);
    expect([other.digest, other.output]).toEqual([alone.digest, alone.output]);
  });
});
