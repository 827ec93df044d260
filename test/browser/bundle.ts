/** Bundling for a browser, as an application would. */
import { resolve } from 'node:path';
import { build } from 'esbuild';

export const ROOT: string = resolve(import.meta.dirname, '../..');

/** One script for a page. Rejects where anything of Node is reached, for nothing is external. @param entry below the root */
export async function bundle(entry: string, stdin?: string): Promise<string> {
  const result = await build({
    ...(stdin === undefined
      ? { entryPoints: [resolve(ROOT, entry)] }
      : { stdin: { contents: stdin, resolveDir: ROOT, loader: 'ts' } }),
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    write: false,
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}
