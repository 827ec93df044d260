/**
 * Builds dist/logged-modules.js: the built-in modules, bundled and rewritten so that probation can log their writes.
 *
 *   npx tsx tools/build-logged-modules.ts
 *
 * The file is loaded when a replacement first needs it. Its default export makes the modules for one kernel.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import { LOGGED_MODULES } from '../src/host/instrument/logged-modules.ts';
import { loggedModuleOf } from '../src/host/instrument/source.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Bundle what src/api/builtin.ts lists, and rewrite it. */
export async function buildLoggedModules(): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { builtinModules } from './src/api/builtin.ts';\nexport default builtinModules();\n`,
      resolveDir: ROOT,
    },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('the bundler gave no file');
  const target = resolve(ROOT, LOGGED_MODULES);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, loggedModuleOf(bundle.text));
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  await buildLoggedModules();
}
