/**
 * The package as it is published: what its users import resolves, and works, from an installed tarball.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCommand } from '../../tools/build-command.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MODULES = join(ROOT, 'node_modules');
/** What an installation would fetch and the tests need: dependencies, and the optional peer. The command has its own. */
const INSTALLED = ['acorn', 'ses', '@endo', 'fast-check', 'pure-rand', '@types/node'];

let folder = '';

function command(program: string, argv: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strake-package-'));
  // A build of its own: nobody else's may be under way in dist.
  const stage = join(folder, 'stage');
  mkdirSync(stage);
  // A tarball holds no symlinks.
  for (const name of [
    'package.json',
    'README.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'userland',
    'examples',
  ]) {
    cpSync(join(ROOT, name), join(stage, name), { recursive: true });
  }
  for (const config of ['tsconfig.build.json', 'tsconfig.browser.json']) {
    command(join(MODULES, '.bin/tsc'), ['-p', join(ROOT, config), '--outDir', join(stage, 'dist')], ROOT);
  }
  await buildCommand(join(stage, 'dist'));
  command('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], stage);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  const target = join(folder, 'node_modules/strake');
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  mkdirSync(target);
  command('tar', ['-xzf', join(folder, tarball), '-C', target, '--strip-components=1'], folder);
  for (const name of INSTALLED) symlinkSync(join(MODULES, name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = `
import { Kernel } from 'strake';
import { nodeHost } from 'strake/node';
import { browserHost } from 'strake/browser';
import { scheduler } from 'strake/contracts';
import { schedulerConformance } from 'strake/testing';
import roundRobin from 'strake/modules/scheduler/round-robin';

for (const { run } of schedulerConformance(roundRobin)) run();
if (scheduler.name !== 'scheduler' || typeof browserHost !== 'function') throw new Error('an export is wrong');
const host = nodeHost({ stdin: null });
const kernel = await Kernel.boot({ host, modules: { scheduler: 'round-robin' } });
const { code } = await (await kernel.spawn(['echo', 'from a package'])).exited;
await kernel.shutdown();
console.log(code);
`;

test('every export resolves and works', () => {
  writeFileSync(join(folder, 'user.mjs'), PROGRAM);
  expect(command(process.execPath, ['user.mjs'], folder)).toBe('from a package\n0\n');
});

test('the command works, with the licences of what is bundled in it', () => {
  const strake = join(folder, 'node_modules/.bin/strake');
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync('../strake/dist/cli/main.js', strake);
  const cached = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  for (const [argv, output] of [
    [['run', 'echo', 'from a package'], 'from a package\n'],
    [['run', '--module', 'engine=interpreter', 'echo', 'interpreted'], 'interpreted\n'],
    [['--version'], '0.1.0\n'],
  ] as const) {
    for (let run = 0; run < 2; run++) {
      const { status, stdout, stderr } = spawnSync(strake, argv, { encoding: 'utf8', env: cached });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: output, stderr: '' });
    }
  }
  const bundles = readdirSync(join(folder, 'node_modules/strake/dist/cli/bundle'));
  expect(bundles).toEqual(expect.arrayContaining(['LICENSE.acorn', 'LICENSE.commander']));
});

test('every export has its types', () => {
  writeFileSync(join(folder, 'user.ts'), PROGRAM);
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--skipLibCheck'];
  command(join(MODULES, '.bin/tsc'), [...options, '--types', 'node', 'user.ts'], folder);
  writeFileSync(join(folder, 'wrong.ts'), "import { nodeHost } from 'strake/browser';\nnodeHost();\n");
  expect(() => command(join(MODULES, '.bin/tsc'), [...options, 'wrong.ts'], folder)).toThrow('nodeHost');
});
