/**
 * Exit codes of the command, as env(1) and shells have them.
 */

/** The command line is wrong. */
export const EXIT_USAGE = 2;
/** Strake itself failed: a mount, a module, a bug. */
export const EXIT_FAILURE = 125;
/** The program was found but can not be executed. */
export const EXIT_NOT_EXECUTABLE = 126;
/** The program was not found. */
export const EXIT_NOT_FOUND = 127;
/** Add the signal's number. */
export const EXIT_SIGNAL = 128;

/** One line on standard error. */
export const complain = (message: string): void => {
  process.stderr.write(`strake: ${message}\n`);
};
