/**
 * Builds the kernel of the linkage bench in one file: as it is, or with its slots bound for good.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '../..');
const BOUND = path.join(import.meta.dirname, 'bound.ts');
const SLOT = 'engine|frames|pmap|clock|scheduler|process|pagecache|vm|ipc|net|tty|block|buffercache|vfs|abi';
/** `kernel.vm`, `this.#parts.kernel.vm`. What takes a slot out of the kernel by destructuring keeps doing so: one use in ten. */
const USE = new RegExp(String.raw`(?<![\w$.#])(?:[\w$]+\.#?)*kernel\.(${SLOT})\b`, 'g');
const LINK = 'linkage[name] = operations';
/** Fewer uses than this would mean that the sources are written otherwise now. */
const LEAST_USES = 900;

/** @param count how many uses were bound */
function bindSlots(count: (uses: number) => void): Plugin {
  return {
    name: 'bind-slots',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/(nucleus|modules|lib|api)\/.*\.ts$/ }, ({ path: file }) => {
        const source = readFileSync(file, 'utf8');
        let text = source.replaceAll(USE, '$$bound.$1');
        if (file.endsWith('nucleus/cells.ts')) {
          if (!text.includes(LINK)) throw new Error(`${file} does not link by '${LINK}'`);
          text = text.replace(LINK, `(${LINK}, $$bound.bind(name, operations))`);
        }
        if (text === source) return { contents: source, loader: 'ts' };
        count([...source.matchAll(USE)].length);
        return { contents: `import * as $bound from '${BOUND}';\n${text}`, loader: 'ts' };
      });
    },
  };
}

/** @param bound slots are constants @param file where it goes: as deep in the package as dist/host/node */
export async function buildKernel(bound: boolean, file: string): Promise<void> {
  let uses = 0;
  await build({
    absWorkingDir: ROOT,
    entryPoints: [path.join(import.meta.dirname, 'linkage-run.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    external: ['ses', 'acorn'],
    plugins: bound ? [bindSlots((more) => (uses += more))] : [],
  });
  if (bound && uses < LEAST_USES) throw new Error(`only ${uses} uses of slots were found`);
}
