/** What a browser bundles holds nothing of Node; and such a bundle that did would be caught. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { bundle, ROOT } from './bundle.ts';

test.each(['src/api/index.ts', 'src/contracts/index.ts', 'src/host/browser/index.ts'])(
  '%s',
  async (entry) => {
    const script = await bundle(entry);
    expect(script).toMatch(/^export \{/m);
    expect(script).not.toMatch(/^import\b|\bfrom "node:/m);
    // SES looks whether there is a `process`; nothing of ours does.
    if (!entry.includes('host'))
      expect(script).not.toMatch(/\b(process\.(env|stdin|stdout|argv)|Buffer\.from)\b/);
  },
);

test('an import of Node does not pass the bundler', async () => {
  await expect(bundle('', "import 'node:fs';")).rejects.toThrow('node:fs');
  await expect(bundle('src/host/node/index.ts')).rejects.toThrow('node:');
});

test('what only Node has is a compile error in the browser host, and what only a page has is none', () => {
  const folder = mkdtempSync(join(ROOT, 'node_modules/.strake-browser-'));
  try {
    const check = (code: string): string => {
      const file = join(folder, 'planted.ts');
      writeFileSync(file, code);
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: resolve(ROOT, 'tsconfig.browser.json'),
          compilerOptions: { noEmit: true, rootDir: ROOT },
          include: [file],
        }),
      );
      const tsc = resolve(ROOT, 'node_modules/.bin/tsc');
      return spawnSync(tsc, ['-p', join(folder, 'tsconfig.json')], { encoding: 'utf8' }).stdout;
    };
    expect(check("import 'node:fs';\nexport const x: string = document.title;\n")).toContain("'node:fs'");
    expect(check('export const x: unknown = process.argv;\n')).toContain("'process'");
    expect(check('export const x: string = document.title;\n')).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
