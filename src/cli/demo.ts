/**
 * `strake demo`: programs under load while parts of the kernel are replaced, measured before and after.
 */
import { Argument, Command, Option } from 'commander';
import { SLOTS, type SlotName } from '../contracts/module.ts';
import { markdownHead, PACKAGES, reportMarkdown } from './demo/markdown.ts';
import type { DemoRecord } from './demo/record.ts';
import { SCENARIOS } from './demo/scenarios.ts';
import { shell } from './demo/shell.ts';
import { reportText, summary } from './demo/table.ts';
import { complain, EXIT_FAILURE } from './exit.ts';
import { parseSize } from './parse.ts';

interface DemoOptions {
  readonly root?: string;
  readonly memory: number;
  readonly from?: string;
  readonly to?: string;
  readonly itself?: boolean;
  readonly slot?: SlotName;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly shell?: boolean;
}

/** Something was not as claimed. */
const EXIT_DIFFERENT = 1;
const OWN = ['from', 'to', 'itself', 'slot'] as const;

export function demoCommand(): Command {
  return new Command('demo')
    .description('replace parts of the kernel under running programs, and measure before and after')
    .addArgument(
      new Argument('[name]', 'the scenario')
        .choices([...SCENARIOS.map(({ name }) => name), 'all'])
        .default('all'),
    )
    .option(
      '--root <dir>',
      'host folder as root, read-only below a RAM overlay; its programs run where it has them (default: embedded ones alone)',
    )
    .addOption(
      new Option('--memory <size>', 'guest memory').argParser(parseSize).default(512 * 2 ** 20, '512M'),
    )
    .option('--from <module>', 'vm, scheduler, ipc, io, engine: the module before, by name or path')
    .option('--to <module>', 'vm, scheduler, ipc, io, engine: the module after, by name or path')
    .option('--itself', 'replace by the same module: nothing can get better, so the verdict must be no')
    .addOption(new Option('--slot <slot>', 'rest: this slot alone').choices(SLOTS))
    .addOption(new Option('--json', 'print JSON').conflicts('markdown'))
    .option('--markdown', 'print Markdown: docs/scenarios.md is made so')
    .option('--shell', 'no demo: an interactive shell on the root')
    .addHelpText(
      'after',
      `
Scenarios:
${SCENARIOS.map(({ name, summary: text }) => `  ${name.padEnd(10)} ${text}`).join('\n')}

Each boots a kernel, starts programs, measures, replaces while they run, and measures again. It fails (exit code 1) if
the figures do not differ as claimed, or if a program's output is not what it is undisturbed.

Examples:
  $ strake demo
  $ strake demo scheduler --from round-robin
  $ strake demo vm --json
  $ strake demo rest --slot ipc
  $ strake demo --root "$(tools/guest-root --busybox-links ${PACKAGES})"
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
function complaint(name: string, options: DemoOptions): string | null {
  const given = OWN.filter((key) => options[key] !== undefined);
  if (options.shell === true) {
    const alone = name === 'all' && options.json !== true && options.markdown !== true && given.length === 0;
    return alone ? null : '--shell goes with --root and --memory alone';
  }
  if (options.itself === true && options.to !== undefined) return '--itself and --to contradict each other';
  for (const key of given) {
    const takers = SCENARIOS.filter(({ takes }) => takes.includes(key)).map((scenario) => scenario.name);
    if (!takers.includes(name)) return `--${key} goes with ${takers.join(', ')}`;
  }
  return null;
}

/** @returns the exit code */
async function demo(name: string, options: DemoOptions): Promise<number> {
  const { json = false, markdown = false } = options;
  const chosen = SCENARIOS.filter((scenario) => name === 'all' || scenario.name === name);
  const records: DemoRecord[] = [];
  let wallNs = 0;
  if (markdown)
    process.stdout.write(
      `${markdownHead(`strake demo ${name} --markdown${options.root === undefined ? '' : ' --root DIR'}`)}\n`,
    );
  for (const [at, scenario] of chosen.entries()) {
    const place = chosen.length === 1 ? '' : `[${at + 1}/${chosen.length}] `;
    try {
      const report = await scenario.run({
        ...options,
        progress: (step) => showProgress(`${place}${scenario.name}: ${step}`),
      });
      showProgress('');
      records.push(...report.records);
      wallNs += report.usage.wallNs;
      if (markdown) process.stdout.write(`${reportMarkdown(scenario, report)}\n`);
      else if (!json) process.stdout.write(`${reportText(report)}\n`);
    } catch (error) {
      showProgress('');
      complain(`${scenario.name}: ${error instanceof Error ? error.message : String(error)}`);
      return EXIT_FAILURE;
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
  else if (!markdown) process.stdout.write(summary(records, wallNs));
  return records.every(({ ok }) => ok) ? 0 : EXIT_DIFFERENT;
}

/** The present step on a line of its own that the next one overwrites; empty to clear it. */
function showProgress(text: string): void {
  if (!process.stderr.isTTY) return;
  const room = Math.max(0, (process.stderr.columns ?? 80) - 1);
  process.stderr.write(`\r\u001b[K${text.slice(0, room)}`);
}
