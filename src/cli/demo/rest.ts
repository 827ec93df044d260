/**
 * Scenario `rest`: every other part of the kernel replaced by a fresh instance of itself, again and again, under load.
 *
 * State goes over by reference and, in every second round, as bytes. The load runs once undisturbed and then over and over
 * until all replacements are done; each time its output, less the times in it, must be the same.
 */
import type { ReplacementMap } from '../../api/options.ts';
import type { SlotName } from '../../contracts/module.ts';
import { median, type DemoRecord, type Report } from './record.ts';
import { runLoad } from './load.ts';
import type { Scenario, ScenarioOptions } from './scenario.ts';
import { Session } from './session.ts';
import { bytes, nanoseconds } from './table.ts';

/** Slots with scenarios of their own. */
const OTHERS: readonly string[] = ['scheduler', 'vm'];
/** Rounds; even ones move by reference, odd ones as bytes. */
const ROUNDS = 6;
const PAUSE_MS = 3;

interface Cell {
  readonly slot: SlotName;
  readonly module: string;
  readonly name: string;
  readonly pauses: { readonly move: number[]; readonly copy: number[] };
  bytes: number;
  refused: string | null;
}

async function run(options: ScenarioOptions): Promise<Report> {
  const { root, memory, progress } = options;
  const session = await Session.boot({ memory, progress, ...(root === undefined ? {} : { root }) });
  const cells = cellsOf(session, options.slot ?? null);
  session.progress('load without replacement');
  await runLoad(session);
  const before = await runLoad(session);

  let busy = true;
  const after: (typeof before)[] = [];
  const load = (async (): Promise<void> => {
    while (busy) after.push(await runLoad(session));
  })();
  try {
    await replaceAll(session, cells);
  } finally {
    busy = false;
    await load;
  }
  const usage = await session.finish();

  const outputs = before.good && after.every(({ digest, good }) => good && digest === before.digest);
  const seconds = median(after.map((run) => run.seconds));
  const records = cells.map((cell): DemoRecord => {
    const all = [...cell.pauses.move, ...cell.pauses.copy];
    return {
      name: cell.name,
      ok: outputs && cell.refused === null && all.length === ROUNDS,
      before: { output: before.digest, loadSeconds: before.seconds },
      after: {
        output: after.find(({ digest }) => digest !== before.digest)?.digest ?? before.digest,
        loadSeconds: seconds,
      },
      slot: cell.slot,
      from: cell.module,
      to: cell.module,
      pauseNs: median(all),
      pauseMaxNs: Math.max(...all),
      transfer: 'move and copy',
      stateMoved: cell.bytes,
      replacements: all.length,
      attempts: 1,
      outputIntact: outputs,
    };
  });
  const refusals = cells.filter(({ refused }) => refused !== null);
  return {
    records,
    title:
      options.slot === undefined ? 'rest: fresh instances of every part' : `${options.slot}: fresh instances`,
    programs:
      'embedded' + (session.shell.length > 0 && root !== undefined ? ', and the shell of the root' : ''),
    load: before.programs.join(', '),
    said: [],
    claims: [],
    table: [HEAD, ...cells.map(row)],
    intact: `${after.length} runs of the load under replacement put out what the one without did`,
    notes: [
      ...refusals.map(({ refused }) => String(refused)),
      `one run of the load: ${before.seconds.toFixed(2)} s without, ${seconds.toFixed(2)} s with ${ROUNDS * cells.length} replacements in all`,
    ],
    usage,
  };
}

const HEAD = ['part', 'module', 'times', 'by reference, median', 'max', 'as bytes, median', 'max', 'state'];

function row({ name, module, pauses, bytes: moved }: Cell): readonly string[] {
  const pair = (values: readonly number[]): string[] =>
    values.length === 0 ? ['-', '-'] : [nanoseconds(median(values)), nanoseconds(Math.max(...values))];
  const times = pauses.move.length + pauses.copy.length;
  return [name, module, String(times), ...pair(pauses.move), ...pair(pauses.copy), bytes(moved)];
}

/** What is in place now, in boot order. A slot of several file systems has a cell for each. */
function cellsOf(session: Session, only: SlotName | null): readonly Cell[] {
  return session.kernel
    .modules()
    .filter(({ slot, active }) => active && (only === null ? !OTHERS.includes(slot) : slot === only))
    .map(({ slot, name }) => ({
      slot: slot as SlotName,
      module: name,
      name: slot === 'filesystem' ? `${slot}:${name}` : slot,
      pauses: { move: [], copy: [] },
      bytes: 0,
      refused: null,
    }));
}

async function replaceAll(session: Session, cells: readonly Cell[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const transfer = round % 2 === 0 ? 'move' : 'copy';
    session.progress(`replacing ${cells.length} parts: round ${round + 1} of ${ROUNDS}`);
    for (const cell of cells) {
      const request = { [cell.slot]: cell.module } as ReplacementMap;
      try {
        const [entry] = await session.kernel.replace(request, { transfer });
        if (entry !== undefined) {
          cell.pauses[transfer].push(entry.pauseNs);
          cell.bytes = Math.max(cell.bytes, entry.bytesMoved);
        }
      } catch (error) {
        cell.refused = error instanceof Error ? error.message : String(error);
      }
      // Let the programs go on in what is there now.
      await session.pause(PAUSE_MS);
    }
  }
}

export const restScenario: Scenario = {
  name: 'rest',
  summary: 'every other part by a fresh instance of itself, again and again',
  paper:
    'Replacing is to be seamless, whichever part it is: a program that does not know of it notices nothing but a delay.',
  takes: ['slot'],
  run,
};
