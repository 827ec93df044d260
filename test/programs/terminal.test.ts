/**
 * An interactive shell in a real terminal: line editing, job control, a full-screen editor and a window that changes.
 *
 * tmux is the terminal. Each step waits for what it must see on the screen before the next key is sent.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/roots.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const SOCKET = `strake-test-${process.pid}`;
const STEP_MS = 30_000;
const TEST_MS = 120_000;
const haveTmux = spawnSync('tmux', ['-V'], { stdio: 'ignore' }).error === undefined;
if (!haveTmux) process.stderr.write('no tmux: terminals are not tested\n');
const root = haveTmux ? debianRoot('--busybox-links', 'busybox-static') : null;

const tmux = (...args: string[]): string =>
  execFileSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' });
const screen = (): string => tmux('capture-pane', '-p').trimEnd();
const type = (...keys: string[]): void => void tmux('send-keys', ...keys);

async function see(wanted: RegExp): Promise<void> {
  for (const deadline = Date.now() + STEP_MS; Date.now() < deadline; await sleep(50)) {
    if (wanted.test(screen())) return;
  }
  expect(screen()).toMatch(wanted);
}

/** A command, on a screen with nothing else; `wanted` follows its line. */
async function command(text: string, wanted: RegExp): Promise<void> {
  type('C-l');
  await see(/^\/ #$/);
  type('-l', text);
  type('Enter');
  await see(wanted);
}

describe.skipIf(root === null)('a shell in a terminal', () => {
  beforeAll(() => {
    const run = ['node', '--import', 'tsx', 'src/cli/main.ts', 'run', '--root', root as string, '-t', 'sh'];
    const shell = `cd '${REPOSITORY}' && ${run.join(' ')}; echo "ended: $?"; read last`;
    tmux('new-session', '-d', '-x', '80', '-y', '24', shell);
  });
  afterAll(() => void spawnSync('tmux', ['-L', SOCKET, 'kill-server']));

  it(
    'edits lines, controls jobs and fills the screen',
    async () => {
      await see(/\/ #$/);
      await command('tty; stty size', /^\/dev\/console\n24 80\n\/ #$/m);

      type('echo', 'Space', 'xbc', 'Left', 'Left', 'Left', 'a', 'Delete', 'Enter');
      await see(/^abc\n\/ #$/m);
      type('Up');
      await see(/\/ # echo abc$/);
      type('C-u');
      await see(/\/ #$/);

      await command('sh -c "echo on; exec sleep 100"', /^on$/m);
      type('C-z');
      await see(/\[1\]\+ +Stopped +sh -c .*\n\/ #$/);
      await command('bg; jobs', /\[1\]\+ +Running +sh -c .*\n\/ #$/);
      await command('fg', /^sh -c .*$/m);
      type('C-c');
      await see(/\^C\n\/ #$/);
      await command('echo "status $?"', /^status 130\n\/ #$/m);
      await command('sh -c "echo on; exec yes >/dev/null"', /^on$/m);
      type('C-\\');
      await see(/Quit.*\n\/ #$/);

      await command('echo on; cat', /^on$/m);
      type('line x', 'BSpace', 'edited', 'Enter');
      await see(/^line edited\nline edited$/m);
      type('gone', 'C-u', 'kept', 'Enter');
      await see(/^kept\nkept$/m);
      type('C-d');
      await see(/kept\n\/ #$/);

      await command('seq 100 >n; vi n', /^1\n2\n3\n[^]*100 1%$/);
      type('G');
      await see(/^100$/m);
      type('o', 'last line');
      await see(/^last line$/m);
      type('Escape');
      // What follows an escape at once is taken for part of a key.
      await see(/^- n \[Modified\]/m);
      type(':s/last/final/', 'Enter');
      await see(/^final line$/m);
      type(':wq', 'Enter');
      await see(/\/ #$/);
      await command('tail -n 2 n', /^100\nfinal line\n\/ #$/m);

      tmux('resize-window', '-x', '100', '-y', '30');
      await command('stty size', /^30 100\n\/ #$/m);
      await command('stty -echo; read secret; stty echo; echo "<$secret>"', /secret>"$/);
      type('hidden', 'Enter');
      await see(/"\n<hidden>\n\/ #$/);
      type('exit 7', 'Enter');
      await see(/ended: 7$/);
    },
    TEST_MS,
  );
});
