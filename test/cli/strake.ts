/**
 * Runs the `strake` command as a user would, from its TypeScript sources.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';

export const REPOSITORY: string = path.resolve(import.meta.dirname, '../..');
const MAIN = path.join(REPOSITORY, 'src/cli/main.ts');

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param input for its standard input, which is a pipe that then ends */
export function strake(args: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], { cwd: REPOSITORY });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...output }));
    // A command that does not read its input may end before it was written.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
