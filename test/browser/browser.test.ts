/**
 * The kernel in a real browser: the same programs, replacements and digest as on Node.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { nodeHost } from '../../src/host/node/index.ts';
import { bundle } from './bundle.ts';
import { CHROMIUM, noChromium, visit } from './chromium.ts';
import { INPUT, scenario } from './scenario.ts';

test.skipIf(noChromium)(
  `in chromium as on Node (${noChromium ? `no ${CHROMIUM} here` : CHROMIUM})`,
  async () => {
    const { result: there } = await visit({ scripts: { '/page.js': await bundle('test/browser/page.ts') } });
    const here = await scenario((put) => {
      const stdin = new PassThrough();
      for (const text of INPUT) stdin.write(text);
      stdin.end();
      return nodeHost({ stdin, onOutput: (_stream, bytes) => put(bytes) });
    });

    expect(there['error']).toBeUndefined();
    expect(there['codes']).toEqual([0, 0]);
    // forkbench tells how long it took by the clock, which no two runs share.
    expect(untimed(there['output'])).toBe(untimed(here.output));
    expect(there['output']).toContain('hi\n3\n');
    expect(there['output']).toContain('one and two\nthree\n');
    expect(there['digest']).toBe(here.digest);
    expect(here.digest).toMatch(/^[0-9a-f]{16,}$/);
    expect(there['modules']).toEqual(here.modules);
    expect(there['modules']).toEqual(expect.arrayContaining(['scheduler/round-robin', 'vm/primitive']));
    expect(there['refused']).toContain('not available in a browser');
    for (const which of ['counted', 'logged']) expect(there[which]).toEqual({ has: 'undefined', sum: 3 });
  },
);

const untimed = (output: unknown): string => String(output).replace(/[0-9.]+ ?(ns|us|ms|s)\b/g, 'TIME');
