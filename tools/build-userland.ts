/**
 * Cross compiles the embedded userland: userland/{runtime,shell,toolbox,demo} to userland/bin and manifest.json.
 *
 *   npx tsx tools/build-userland.ts            builds in place
 *   npx tsx tools/build-userland.ts --check    builds elsewhere and fails if the committed bytes differ
 *
 * The same compiler gives the same bytes: no build id, no compiler's name, no paths, no times go into the files. Another
 * version of the compiler may well give others; then the check says with which version the committed ones were made.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PREFIX = 'riscv64-linux-gnu-';
const SOURCES = resolve(import.meta.dirname, '../userland');
const SIZE_LIMIT = 300 * 1024;

const COMPILE = [
  '-march=rv64gc -mabi=lp64d -std=gnu11 -Wall -Wextra -Werror',
  // No C library, and no calls that the compiler would make up from loops: string.c is where those loops live.
  '-ffreestanding -fno-tree-loop-distribute-patterns -fno-stack-protector -fno-pic -fno-pie',
  // Small: what is not used can be dropped, and there are no unwind tables.
  '-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables',
  // Reproducible: the compiler does not sign its work.
  '-fno-ident',
].flatMap((line) => line.split(' '));

const LINK = [
  '-march=rv64gc -mabi=lp64d -nostdlib -static -no-pie -s -Wl,--gc-sections -Wl,--build-id=none',
  // One page is enough of an alignment, and code may share its page with the headers.
  '-Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code',
].flatMap((line) => line.split(' '));

interface Program {
  readonly name: string;
  readonly sources: readonly string[];
  /** For size, or for speed: some demos measure what they do. */
  readonly optimise: '-Os' | '-O2';
}

interface Manifest {
  readonly format: 1;
  readonly compiler: string;
  readonly files: readonly { readonly path: string; readonly source: string; readonly mode: string }[];
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

const inFolder = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(SOURCES, folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);

/** One program for each file in demo; the shell takes its builtins from the toolbox. */
function programs(): Program[] {
  const shared = ['options', 'basics', 'test', 'printf'].map((name) => `toolbox/${name}.c`);
  const demos = inFolder('demo', /\.c$/).map((source) => ({
    name: source.replace(/^demo\/|\.c$/g, ''),
    sources: [source],
    optimise: '-O2' as const,
  }));
  return [
    { name: 'sh', sources: [...inFolder('shell', /\.c$/), ...shared], optimise: '-Os' },
    { name: 'toolbox', sources: inFolder('toolbox', /\.c$/), optimise: '-Os' },
    ...demos,
  ];
}

/** The names of the tools come from the table that the program itself is built from. */
function toolNames(): string[] {
  const table = /#define TOOLS\(X\)([\s\S]*?)\n\n/.exec(
    readFileSync(join(SOURCES, 'toolbox/toolbox.h'), 'utf8'),
  );
  const names = [...(table?.[1] ?? '').matchAll(/X\((\w+)\)/g)].map((match) => String(match[1]));
  if (names.length === 0) throw new Error('toolbox.h has no TOOLS table');
  return [...names, '['].sort();
}

function compilerVersion(): string {
  const run = spawnSync(`${PREFIX}gcc`, ['-dumpfullversion'], { encoding: 'utf8' });
  if (run.error || run.status !== 0) {
    const packages = 'gcc-riscv64-linux-gnu binutils-riscv64-linux-gnu';
    throw new BuildError(`${PREFIX}gcc was not found. On Debian or Ubuntu: apt-get install ${packages}`);
  }
  const linker = execFileSync(`${PREFIX}ld`, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
  return `gcc ${run.stdout.trim()}, binutils ${linker.split(' ').pop() ?? '?'}`;
}

function gcc(args: readonly string[]): void {
  const run = spawnSync(`${PREFIX}gcc`, args, { cwd: SOURCES, encoding: 'utf8' });
  if (run.status !== 0) throw new BuildError(run.stderr);
}

class BuildError extends Error {}

/** Builds everything into a folder and returns the manifest's text. */
function build(target: string): string {
  const compiler = compilerVersion();
  const runtime = inFolder('runtime', /\.(c|S)$/);
  const all = programs();
  const objects = mkdtempSync(join(tmpdir(), 'build-userland-'));
  mkdirSync(target, { recursive: true });
  // Relative names from the source folder: no path of this machine can get into a file.
  const compile = (source: string, optimise: string): string => {
    const object = join(objects, `${source.replaceAll('/', '_')}${optimise}.o`);
    if (!existsSync(object)) gcc([...COMPILE, optimise, '-c', source, '-o', object]);
    return object;
  };
  try {
    for (const { name, sources, optimise } of all) {
      const parts = [
        ...runtime.map((source) => compile(source, '-O2')),
        ...sources.map((source) => compile(source, optimise)),
      ];
      gcc([...LINK, ...parts, '-o', join(target, name)]);
    }
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
  const manifest: Manifest = {
    format: 1,
    compiler,
    files: all.map(({ name }) => ({ path: `/bin/${name}`, source: `bin/${name}`, mode: '0755' })),
    symlinks: [
      ...toolNames().map((name) => ({ path: `/bin/${name}`, target: 'toolbox' })),
      ...['insmod', 'lsmod', 'modprobe', 'rmmod'].map((name) => ({
        path: `/sbin/${name}`,
        target: '../bin/toolbox',
      })),
    ],
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function check(): void {
  const folder = mkdtempSync(join(tmpdir(), 'build-userland-'));
  try {
    const manifest = build(folder);
    const built = readdirSync(folder).sort();
    const committed = readdirSync(join(SOURCES, 'bin')).sort();
    const names = [...new Set([...built, ...committed])];
    const different = names.filter((name) => {
      if (!built.includes(name) || !committed.includes(name)) return true;
      return !readFileSync(join(folder, name)).equals(readFileSync(join(SOURCES, 'bin', name)));
    });
    const recorded = readFileSync(join(SOURCES, 'manifest.json'), 'utf8');
    if (recorded !== manifest) different.push('manifest.json');
    if (different.length > 0) {
      const made = (JSON.parse(recorded) as Manifest).compiler;
      throw new BuildError(
        `not what the sources give: ${different.join(', ')}\ncommitted: ${made}\nhere: ${compilerVersion()}\n` +
          'rebuild with: npx tsx tools/build-userland.ts',
      );
    }
    console.error(`userland/bin is what the sources give (${built.length} programs)`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rebuild(): void {
  const folder = join(SOURCES, 'bin');
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  try {
    const manifest = build(fresh);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    writeFileSync(join(SOURCES, 'manifest.json'), manifest);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  let total = 0;
  for (const name of readdirSync(folder).sort()) {
    const size = statSync(join(folder, name)).size;
    total += size;
    console.error(`${String(size).padStart(8)} ${name}`);
  }
  console.error(`${String(total).padStart(8)} in all`);
  if (total > SIZE_LIMIT) throw new BuildError(`more than ${SIZE_LIMIT} bytes`);
}

function fail(message: string): never {
  console.error(`build-userland: ${message}`);
  process.exit(1);
}

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--check')) {
  fail('usage: npx tsx tools/build-userland.ts [--check]');
}
try {
  if (option === '--check') check();
  else rebuild();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  fail(error.message);
}
