/**
 * `strake demo`: programs under load while parts of the kernel are replaced, measured before and after.
 */
import { Argument, Command, Option } from 'commander';
import { SLOTS, type SlotName } from '../contracts/module.ts';
import type { DemoRecord, Report } from './demo/record.ts';
import { restScenario } from './demo/rest.ts';
import type { ScenarioOptions } from './demo/scenario.ts';
import { schedulerScenario } from './demo/scheduler.ts';
import { shell } from './demo/shell.ts';
import { reportText, summary } from './demo/table.ts';
import { vmScenario } from './demo/vm.ts';
import { complain, EXIT_FAILURE } from './exit.ts';
import { parseSize } from './parse.ts';

interface DemoOptions {
  readonly root?: string;
  readonly memory: number;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly shell?: boolean;
}

type Scenario = (options: ScenarioOptions) => Promise<Report>;

const POLICIES: Readonly<Record<string, Scenario>> = { scheduler: schedulerScenario, vm: vmScenario };
const NAMES = ['all', 'rest', ...SLOTS];
/** Something was not as claimed. */
const EXIT_DIFFERENT = 1;

export function demoCommand(): Command {
  return new Command('demo')
    .description('replace parts of the kernel under running programs, and measure before and after')
    .addArgument(new Argument('[name]', 'what to replace').choices(NAMES).default('all'))
    .option('--root <dir>', 'host folder as root, read-only below a RAM overlay (default: the embedded root)')
    .addOption(
      new Option('--memory <size>', 'guest memory').argParser(parseSize).default(512 * 2 ** 20, '512M'),
    )
    .option('--from <module>', 'scheduler, vm: the module before, by name or path')
    .option('--to <module>', 'scheduler, vm: the module after, by name or path')
    .option('--json', 'print JSON')
    .option('--shell', 'no demo: an interactive shell on the root')
    .addHelpText(
      'after',
      `
Each scenario boots a kernel, starts programs, measures, replaces while they run, and measures again. It fails
(exit code 1) if the figures do not differ as claimed, or if a program's output is not what it is undisturbed.

Examples:
  $ strake demo
  $ strake demo scheduler --to ./examples/modules/raffle.mjs
  $ strake demo vm --json
  $ strake demo ipc
  $ strake demo --root ./debian
  $ strake demo --shell`,
    )
    .action(async (name: string, options: DemoOptions, command: Command) => {
      const wrong = complaint(name, options);
      if (wrong !== null) command.error(`error: ${wrong}`);
      const { root, memory } = options;
      process.exitCode = options.shell === true ? await shell(root, memory) : await demo(name, options);
      process.exit();
    });
}

/** @returns what does not go together, or null */
function complaint(name: string, { shell: opens, json, from, to }: DemoOptions): string | null {
  const sides = (from ?? to) !== undefined;
  if (opens === true && (name !== 'all' || json === true || sides))
    return '--shell goes with --root and --memory alone';
  return sides && POLICIES[name] === undefined ? '--from and --to go with scheduler or vm' : null;
}

/** @returns the exit code */
async function demo(name: string, options: DemoOptions): Promise<number> {
  const { root, memory, from, to, json } = options;
  const records: DemoRecord[] = [];
  let wallNs = 0;
  for (const [title, scenario, slot] of scenariosOf(name)) {
    const common = { memory, progress: (step: string): void => showProgress(`${title}: ${step}`) };
    try {
      const report = await scenario({
        ...common,
        ...(root === undefined ? {} : { root }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(slot === null ? {} : { slot }),
      });
      showProgress('');
      records.push(...report.records);
      wallNs += report.usage.wallNs;
      if (json !== true) process.stdout.write(`${reportText(report)}\n`);
    } catch (error) {
      showProgress('');
      complain(error instanceof Error ? error.message : String(error));
      return EXIT_FAILURE;
    }
  }
  if (json === true) process.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
  else process.stdout.write(summary(records, wallNs));
  return records.every(({ ok }) => ok) ? 0 : EXIT_DIFFERENT;
}

/** Title, what to run, and the one slot that it is about, if it is the general one. */
function scenariosOf(name: string): readonly (readonly [string, Scenario, SlotName | null])[] {
  const policy = POLICIES[name];
  if (policy !== undefined) return [[name, policy, null]];
  if (name !== 'all') return [[name, restScenario, name === 'rest' ? null : (name as SlotName)]];
  return [
    ...Object.entries(POLICIES).map(([title, scenario]) => [title, scenario, null] as const),
    ['rest', restScenario, null],
  ];
}

/** The present step on a line of its own that the next one overwrites; empty to clear it. */
function showProgress(text: string): void {
  if (!process.stderr.isTTY) return;
  const room = Math.max(0, (process.stderr.columns ?? 80) - 1);
  process.stderr.write(`\r\u001b[K${text.slice(0, room)}`);
}
