/**
 * The `strake` command: its options, and what goes on with its arguments.
 */
import { Command, CommanderError } from 'commander';
import { EXIT_USAGE } from './exit.ts';
import { runCommand, spellOutDigest } from './run.ts';

/** Whoever reads the output may have seen enough. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

/** Carry out the command line. @param others the commands that there are beside `run` */
export function start(others: readonly Command[]): void {
  const program = new Command('strake')
    .description('Run riscv64 Linux programs on a kernel whose every part can be replaced while they run')
    .version('0.1.0')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ strake run -- sh -c 'echo hello; uname -a'
  $ strake run --root ./debian -it -- bash
  $ strake run --host-program ./busybox sh -c 'seq 9 | sort -r'
  $ strake run --replace scheduler=round-robin@200ms --stats run.json -- spin a 1
  $ strake demo
  $ strake modules --json`,
    );
  // What a guest writes is `run`'s to answer for, and goes another way.
  if (others.length > 0) endWithReader();
  else {
    program.addHelpText('beforeAll', () => {
      endWithReader();
      return '';
    });
  }
  const run = runCommand();
  for (const command of [run, ...others]) program.addCommand(command);
  for (const command of program.commands) command.exitOverride();
  program.parseAsync(spellOutDigest(process.argv, run)).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are not errors; commander has printed what there was to say.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  });
}
