#!/usr/bin/env node
/**
 * The `strake` command: its subcommands and their options.
 */
import { Command, CommanderError } from 'commander';
import { demoCommand } from './demo.ts';
import { modulesCommand } from './modules.ts';
import { runCommand, spellOutDigest } from './run.ts';
import { EXIT_USAGE } from './exit.ts';

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
// Whoever reads the output may have seen enough; what a guest writes is `run`'s to answer for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const run = runCommand();
program.addCommand(run);
program.addCommand(demoCommand());
program.addCommand(modulesCommand());
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync(spellOutDigest(process.argv, run));
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are not errors; commander has printed what there was to say.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
}
