/**
 * The rule that makes the kernel replaceable, seen at work: each forbidden arrow is planted and must be caught.
 *
 * Plants files in a temporary tree under the repository's own lint configuration. What is planted is named in full, so that a
 * rule that stops to match fails here; what is allowed is planted too, so that a rule that matches all does.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const OXLINT = join(ROOT, 'node_modules/oxlint/bin/oxlint');

/** A place in the tree, what it may import, and what it may not. */
interface Place {
  readonly file: string;
  readonly may: readonly string[];
  readonly mayNot: readonly string[];
}

const importing = (path: string): string => `import { x } from '${path}';\nexport const y: unknown = x;\n`;
const typing = (path: string): string => `import type { X } from '${path}';\nexport type Y = X;\n`;

const PLACES: readonly Place[] = [
  {
    file: 'src/contracts/vm.ts',
    may: ['./schema.ts', '../lib/bytes.ts', 'type ../machine/machine.ts'],
    mayNot: [
      '../machine/machine.ts',
      '../machine/layout.ts',
      'type ../machine/isa/row.ts',
      '../abi/linux/errno.ts',
      '../nucleus/waits.ts',
      '../modules/vm/cow/module.ts',
      '../api/index.ts',
      '../host/node/index.ts',
      '../cli/main.ts',
      '../testing/suite.ts',
      '../image/tar.ts',
      'node:fs',
      'fast-check',
    ],
  },
  {
    file: 'src/lib/ring.ts',
    may: ['./bytes.ts', '../contracts/schema.ts', '../abi/linux/errno.ts', '../machine/layout.ts'],
    mayNot: [
      '../machine/machine.ts',
      '../machine/isa/row.ts',
      '../nucleus/waits.ts',
      '../modules/ipc/basic/ring.ts',
      '../api/index.ts',
      '../host/node/index.ts',
      '../cli/main.ts',
      '../testing/suite.ts',
      '../image/tar.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/abi/linux/stat.ts',
    may: ['./errno.ts', '../elf/header.ts'],
    mayNot: [
      '../../lib/bytes.ts',
      '../../contracts/vfs.ts',
      '../../machine/layout.ts',
      '../../nucleus/waits.ts',
      '../../modules/abi/linux/call.ts',
      '../../api/index.ts',
      '../../host/node/index.ts',
      '../../cli/main.ts',
      '../../testing/suite.ts',
      '../../image/tar.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/machine/isa/row.ts',
    may: ['./decode.ts', '../wasm/host.ts', '../layout.ts', '../../lib/bytes.ts'],
    mayNot: [
      '../../contracts/engine.ts',
      '../../abi/linux/errno.ts',
      '../../nucleus/waits.ts',
      '../../modules/engine/jit/module.ts',
      '../../api/index.ts',
      '../../host/node/index.ts',
      '../../cli/main.ts',
      '../../testing/suite.ts',
      '../../image/tar.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/nucleus/waits.ts',
    may: [
      './time.ts',
      '../contracts/kernel.ts',
      '../lib/bytes.ts',
      '../abi/linux/errno.ts',
      '../machine/layout.ts',
      '../machine/machine.ts',
    ],
    mayNot: [
      '../modules/vm/cow/module.ts',
      '../machine/isa/row.ts',
      '../api/index.ts',
      '../host/node/index.ts',
      '../cli/main.ts',
      '../testing/suite.ts',
      '../image/tar.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/modules/block/fifo/module.ts',
    may: ['../../../contracts/block.ts', '../../../lib/block/disks.ts', './order.ts'],
    mayNot: [
      '../deadline/module.ts',
      '../../buffercache/lru/module.ts',
      '../../filesystem/ext2/module.ts',
      '../../../nucleus/host-port.ts',
      '../../../host/node/disk-file.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/modules/buffercache/lru/module.ts',
    may: ['../../../contracts/buffercache.ts', '../../../lib/buffers/cache.ts'],
    mayNot: ['../two-queue/module.ts', '../../block/fifo/module.ts', '../../../nucleus/waits.ts', 'node:fs'],
  },
  {
    file: 'src/modules/ipc/basic/module.ts',
    may: [
      './ring.ts',
      './parts/ring.ts',
      '../../../contracts/ipc.ts',
      '../../../lib/spans.ts',
      '../../../abi/linux/errno.ts',
      '../../../machine/layout.ts',
      '../../../machine/machine.ts',
    ],
    mayNot: [
      '../other/module.ts',
      '../../vm/cow/module.ts',
      '../../../modules/vm/cow/module.ts',
      './../../vm/cow/module.ts',
      './parts/../../other/module.ts',
      '../../abi/linux/call.ts',
      '../../../nucleus/waits.ts',
      '../../../machine/isa/row.ts',
      '../../../api/builtin.ts',
      '../../../host/node/index.ts',
      '../../../cli/main.ts',
      '../../../testing/suite.ts',
      '../../../image/tar.ts',
      '../../../../test/helper.ts',
      'type ../../../nucleus/waits.ts',
      'type ../../vm/cow/module.ts',
      'node:fs',
      'fast-check',
      'strake/contracts',
    ],
  },
  {
    file: 'src/modules/net/loopback/tcp.ts',
    may: ['./ports.ts', '../../../contracts/sockets.ts', '../../../lib/socket/queue.ts'],
    mayNot: [
      '../../ipc/basic/unix.ts',
      '../../../nucleus/waits.ts',
      '../../../host/node/index.ts',
      'node:net',
    ],
  },
  {
    file: 'src/modules/vfs/dentry/parts/walk.ts',
    may: ['./step.ts', '../module.ts', '../../../../contracts/vfs.ts', '../../../../machine/layout.ts'],
    mayNot: [
      '../../other/module.ts',
      '../../../vm/cow/module.ts',
      '../../../../nucleus/waits.ts',
      '../../../../modules/vm/cow/module.ts',
      '../../../../machine/isa/row.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/modules/engine/jit/module.ts',
    may: [
      './emit.ts',
      '../../../machine/isa/row.ts',
      '../../../machine/wasm/host.ts',
      '../../../contracts/engine.ts',
    ],
    mayNot: [
      '../interpreter/module.ts',
      '../../vm/cow/module.ts',
      '../../../nucleus/waits.ts',
      '../../../api/index.ts',
      '../../../host/node/index.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/modules/engine/jit/emit/region.ts',
    may: ['../emit.ts', '../../../../machine/isa/row.ts'],
    mayNot: ['../../interpreter/module.ts', '../../../vm/cow/module.ts', '../../../../nucleus/waits.ts'],
  },
  {
    file: 'src/image/tar.ts',
    may: ['./embedded.ts', '../contracts/kernel.ts', '../lib/bytes.ts', '../machine/layout.ts'],
    mayNot: [
      '../nucleus/waits.ts',
      '../modules/filesystem/ram/module.ts',
      '../api/index.ts',
      '../host/node/index.ts',
      '../cli/main.ts',
      'node:fs',
    ],
  },
  {
    file: 'src/api/kernel.ts',
    may: [
      './builtin.ts',
      '../nucleus/waits.ts',
      '../contracts/kernel.ts',
      '../image/tar.ts',
      '../machine/machine.ts',
    ],
    mayNot: [
      '../modules/vm/cow/module.ts',
      '../host/node/index.ts',
      '../cli/main.ts',
      '../testing/suite.ts',
      'node:fs',
      'commander',
    ],
  },
  {
    file: 'src/api/builtin.ts',
    may: ['../modules/vm/cow/module.ts', '../nucleus/registry.ts'],
    mayNot: ['../modules/vm/cow/fault.ts', '../host/node/index.ts', '../cli/main.ts', 'node:fs'],
  },
  {
    file: 'src/host/node/files.ts',
    may: [
      './index.ts',
      'node:fs',
      '../../contracts/host.ts',
      '../../abi/linux/errno.ts',
      'type ../../api/host.ts',
    ],
    mayNot: [
      '../../api/host.ts',
      '../../nucleus/waits.ts',
      '../../modules/vm/cow/module.ts',
      '../../machine/machine.ts',
      '../../cli/main.ts',
      '../../testing/suite.ts',
      '../browser/index.ts',
      'commander',
      'esbuild',
    ],
  },
  {
    file: 'src/host/confined/load.ts',
    may: ['ses', '../../lib/reason.ts', '../instrument/source.ts'],
    mayNot: [
      'node:fs',
      'acorn',
      'commander',
      'esbuild',
      'semver',
      'escodegen',
      '../../nucleus/waits.ts',
      '../node/index.ts',
      '../browser/index.ts',
    ],
  },
  {
    file: 'src/host/instrument/source.ts',
    may: ['acorn', '../../lib/reason.ts', './rewrite.ts', 'type ../../api/host.ts'],
    mayNot: [
      'node:fs',
      'ses',
      'acorn-walk',
      'esbuild',
      '../../nucleus/journal.ts',
      '../confined/load.ts',
      '../node/index.ts',
    ],
  },
  {
    file: 'src/host/browser/files.ts',
    may: ['./index.ts', '../../contracts/host.ts', '../confined/load.ts'],
    mayNot: [
      'node:fs',
      'ses',
      '../node/index.ts',
      '../../nucleus/waits.ts',
      '../../modules/vm/cow/module.ts',
      'esbuild',
    ],
  },
  {
    file: 'src/cli/run.ts',
    may: [
      './exit.ts',
      '../api/index.ts',
      '../host/node/index.ts',
      '../contracts/kernel.ts',
      'commander',
      'node:fs',
    ],
    mayNot: [
      '../nucleus/waits.ts',
      '../modules/vm/cow/module.ts',
      '../machine/machine.ts',
      '../host/browser/index.ts',
      '../testing/suite.ts',
      'esbuild',
    ],
  },
  {
    file: 'src/testing/suite.ts',
    may: ['../nucleus/waits.ts', '../modules/vm/cow/module.ts', 'vitest'],
    mayNot: ['../cli/main.ts', '../host/node/index.ts'],
  },
];

/** Code that only src/host may have. */
const IMPURE: readonly string[] = [
  'Date.now()',
  'new Date()',
  'performance.now()',
  'Math.random()',
  'setTimeout(() => {}, 1)',
  'setInterval(() => {}, 1)',
  'setImmediate(() => {})',
  'queueMicrotask(() => {})',
  "globalThis['performance'].now()",
  'globalThis.Date.now()',
];

let tree = '';
const planted = new Map<string, string>();

function plant(file: string, text: string): void {
  const path = join(tree, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A file beside `place` of its own for each planted line, so that one run of the linter sees all. */
function beside(place: string, index: number): string {
  // The composition root is one file: its plants are lines of it.
  return place === 'src/api/builtin.ts' ? place : place.replace(/[^/]+\.ts$/, `planted-${index}.ts`);
}

const findings = new Map<string, string[]>();
const reported = (file: string, line: number): string[] => findings.get(`${file}:${line}`) ?? [];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'strake-lint-'));
  cpSync(join(ROOT, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  let index = 0;
  const add = (place: string, key: string, text: string): void => {
    const file = beside(place, index++);
    plant(file, text);
    planted.set(`${place} ${key}`, file);
  };
  for (const { file, may, mayNot } of PLACES) {
    if (file === 'src/api/builtin.ts') {
      const lines = [...may, ...mayNot].map((path, i) => `export { x as x${i} } from '${path}';`);
      plant(file, `${lines.join('\n')}\n`);
      continue;
    }
    for (const path of [...may, ...mayNot]) {
      const bare = path.replace(/^type /, '');
      add(file, path, path.startsWith('type ') ? typing(bare) : importing(bare));
      if (!path.startsWith('type ')) add(file, `re-exported ${path}`, `export * from '${path}';\n`);
    }
  }
  for (const code of IMPURE) {
    add('src/modules/ipc/basic/module.ts', code, `export const x: unknown = ${code};\n`);
    add('src/nucleus/waits.ts', code, `export const x: unknown = ${code};\n`);
    add('src/api/kernel.ts', code, `export const x: unknown = ${code};\n`);
    add('src/host/node/files.ts', code, `export const x: unknown = ${code};\n`);
  }
  const module = 'src/modules/ipc/basic/module.ts';
  add(module, 'dynamic', "export const x: unknown = import('../../../nucleus/waits.ts');\n");
  add(module, 'computed', 'export const x = (path: string): unknown => import(path);\n');
  add(module, 'type query', "export let x: import('../../../nucleus/waits.ts').X;\n");
  add(module, 'any', 'export const x: any = 1;\n');
  add(module, 'promise', 'export const x: unknown = Promise.resolve(1);\n');
  plant('src/nucleus/first.ts', "import { b } from './second.ts';\nexport const a: unknown = () => b;\n");
  plant('src/nucleus/second.ts', "import { a } from './first.ts';\nexport const b: unknown = () => a;\n");

  const result = spawnSync(process.execPath, [OXLINT, '-f', 'json', '-c', '.oxlintrc.json', 'src'], {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const { diagnostics } = JSON.parse(result.stdout) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[];
  };
  for (const { code, filename, labels } of diagnostics) {
    const key = `${filename}:${labels[0]?.span.line ?? 0}`;
    findings.set(key, [...(findings.get(key) ?? []), code]);
  }
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

const RESTRICTED = 'eslint(no-restricted-imports)';
const at = (place: string, key: string): string => planted.get(`${place} ${key}`) as string;

describe.each(PLACES.filter(({ file }) => file !== 'src/api/builtin.ts'))(
  '$file',
  ({ file, may, mayNot }) => {
    test.each(may)('may import %s', (path) => {
      expect(reported(at(file, path), 1)).not.toContain(RESTRICTED);
    });
    test.each(mayNot)('may not import %s', (path) => {
      expect(reported(at(file, path), 1)).toContain(RESTRICTED);
      if (!path.startsWith('type '))
        expect(reported(at(file, `re-exported ${path}`), 1)).toContain(RESTRICTED);
    });
  },
);

test('the composition root imports modules, and of each only its module.ts', () => {
  const root = PLACES.find(({ file }) => file === 'src/api/builtin.ts') as Place;
  for (let i = 0; i < root.may.length + root.mayNot.length; i++) {
    expect(reported(root.file, i + 1).includes(RESTRICTED), `line ${i + 1}`).toBe(i >= root.may.length);
  }
});

test.each(IMPURE)('only a host has %s', (code) => {
  for (const place of ['src/modules/ipc/basic/module.ts', 'src/nucleus/waits.ts', 'src/api/kernel.ts'])
    expect(reported(at(place, code), 1).join(), place).toMatch(/no-restricted-(globals|properties)/);
  expect(reported(at('src/host/node/files.ts', code), 1).join()).not.toMatch(/no-restricted/);
});

test('other ways into the nucleus are closed', () => {
  const module = 'src/modules/ipc/basic/module.ts';
  expect(reported(at(module, 'dynamic'), 1)).toContain(RESTRICTED);
  expect(reported(at(module, 'computed'), 1)).toContain('import(no-dynamic-require)');
  expect(reported(at(module, 'type query'), 1)).toContain('typescript(consistent-type-imports)');
});

test('any, promises in modules, and cycles are caught', () => {
  const module = 'src/modules/ipc/basic/module.ts';
  expect(reported(at(module, 'any'), 1)).toContain('typescript(no-explicit-any)');
  expect(reported(at(module, 'promise'), 1)).toContain('eslint(no-restricted-globals)');
  expect(reported('src/nucleus/first.ts', 1)).toContain('import(no-cycle)');
});

test('every folder of src has rules of its own', () => {
  const config = readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8');
  const without = readdirSync(join(ROOT, 'src')).filter((folder) => !config.includes(`["src/${folder}/*`));
  expect(without).toEqual([]);
});
