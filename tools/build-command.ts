/**
 * Builds dist/cli: the `strake` command as bundled files and the script that starts one of them.
 *
 *   npx tsx tools/build-command.ts [folder of the build, dist if absent]
 *
 * One file is read in a fiftieth of the time that the 300 files of its parts take. `bundle/run.js` holds what `strake run` needs,
 * `bundle/all.js` the whole command; each is a function of what CommonJS and dynamic import give it, and of its own folder,
 * which lies as deep in the package as dist/host/node, since both find files of the package from there. `bundle/beside.js` is a script that
 * runs in a thread of its own. Libraries that are bundled keep their licences beside.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { engineCode } from '../src/machine/interpreter/code.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** By name of the bundle. */
const ENTRIES: Readonly<Record<string, string>> = { run: 'src/cli/run-alone.ts', all: 'src/cli/main.ts' };

/** In the place of what says which contents a bundle has, while that is not known; as long as that. */
const BUILD = '(not known yet!)';
const BUILD_LENGTH = BUILD.length;

/** As long as `import`, so that the map of the sources stays right. */
const IMPORT = 'Import';

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  charset: 'ascii',
  write: false,
  metafile: true,
  legalComments: 'none',
  // ES modules of these sources know their folder, CommonJS has another name for it.
  define: { 'import.meta.dirname': '__dirname' },
} as const satisfies BuildOptions;

/** commander loads this for commands that are programs of their own, which strake has none of: 3 ms at each start. */
const childProcessLater: Plugin = {
  name: 'child-process-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path: name }) =>
      importer.includes('/node_modules/commander/') ? { path: name, namespace: 'later' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path: name }) => ({
      contents: `module.exports = { get spawn() { return require('${name}').spawn; } };`,
    }));
  },
};

/** Node's modules as they are: a copy of all that one exports would be made for each file that imports it. */
const builtinsAsTheyAre: Plugin = {
  name: 'builtins-as-they-are',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(fs|path)$/ }, ({ importer, path: name }) =>
      importer.startsWith(path.join(ROOT, 'src')) ? { path: name, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => ({
      contents: `export default require('${name}');`,
    }));
  },
};

/** The bytes of the interpreter's machine code, in place of what builds them. */
const engineCodeBuilt: Plugin = {
  name: 'engine-code-built',
  setup({ onLoad }) {
    onLoad({ filter: /\/machine\/interpreter\/code\.ts$/ }, () => {
      const [own, shared] = [false, true].map((of) => Buffer.from(engineCode(of)).toString('base64'));
      return {
        contents: `export const engineCode = (shared) => Buffer.from(shared ? '${shared}' : '${own}', 'base64');`,
      };
    });
  },
};

interface Bundle {
  readonly text: string;
  readonly map: string;
  readonly inputs: Metafile['inputs'];
}

async function bundle(entry: string, target: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    entryPoints: [entry],
    outfile: target,
    // Names stay whole, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'external',
    sourcesContent: false,
    // It changes the realm that it is loaded into, and is loaded for that alone.
    external: ['ses'],
    plugins: [childProcessLater, builtinsAsTheyAre, engineCodeBuilt],
    define: { ...COMMON.define, BUILD: JSON.stringify(BUILD) },
    banner: { js: `(function (require, __dirname, ${IMPORT}) {` },
    footer: { js: '})' },
  });
  const textOf = (suffix: string): string =>
    outputFiles.find(({ path: file }) => file.endsWith(suffix))?.text ?? '';
  return { text: withImport(textOf('.js')), map: textOf('.js.map'), inputs: metafile.inputs };
}

/** Dynamic imports of what is not in the bundle, SES and texts of modules, go to the function that it is given. */
function withImport(text: string): string {
  const changed = text.replaceAll(/\bimport(?=\((?:"ses"\)|`data:))/g, IMPORT);
  const other = /\bimport\((?!\)).{1,40}/.exec(changed);
  if (other !== null) throw new Error(`a dynamic import that is not known: ${other[0]}`);
  return changed;
}

/** Folders of the packages that files are of, by name. */
const packagesOf = (inputs: Metafile['inputs']): ReadonlyMap<string, string> =>
  new Map(
    Object.keys(inputs).flatMap((file) => {
      const match = /^(?:.*\/)?node_modules\/([^/]+)(?=\/)/.exec(file);
      return match === null ? [] : [[match[1] as string, path.resolve(ROOT, match[0])] as const];
    }),
  );

/** Build the command into a folder that is, or will be, a package's `dist`. */
export async function buildCommand(dist: string): Promise<void> {
  const folder = path.join(dist, 'cli');
  const bundles = path.join(folder, 'bundle');
  const built = await Promise.all(
    Object.entries(ENTRIES).map(async ([name, entry]) => ({
      name,
      ...(await bundle(entry, path.join(bundles, `${name}.js`))),
    })),
  );
  const builds = Object.fromEntries(
    built.map(({ name, text }) => [
      name,
      createHash('sha256').update(text).digest('hex').slice(0, BUILD_LENGTH),
    ]),
  );
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: ['src/cli/launch.ts'],
    outfile: path.join(folder, 'main.js'),
    plugins: [builtinsAsTheyAre],
    define: { ...COMMON.define, BUILDS: JSON.stringify(builds) },
  });
  const beside = await build({
    ...COMMON,
    entryPoints: ['src/cli/beside.ts'],
    outfile: path.join(bundles, 'beside.js'),
    minifyWhitespace: true,
    minifySyntax: true,
  });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bundles, { recursive: true });
  for (const { name, text, map, inputs } of built) {
    writeFileSync(path.join(bundles, `${name}.js`), text.replaceAll(BUILD, builds[name] as string));
    writeFileSync(path.join(bundles, `${name}.js.map`), map);
    for (const [library, place] of packagesOf(inputs))
      copyFileSync(path.join(place, 'LICENSE'), path.join(bundles, `LICENSE.${library}`));
  }
  writeFileSync(path.join(bundles, 'beside.js'), beside.outputFiles[0]?.text ?? '');
  writeFileSync(path.join(folder, 'main.js'), outputFiles[0]?.text ?? '', { mode: 0o755 });
  // The package is one of ES modules; these files are not.
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === import.meta.filename) {
  await buildCommand(path.resolve(process.argv[2] ?? path.join(ROOT, 'dist')));
}
