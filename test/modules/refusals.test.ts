/**
 * Module files that are no good: each is refused with its reason, and the scheduler that was there goes on.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { FAIR, roots, strake } from './harness.ts';

const edited = (from: string, to: string): string => {
  if (!FAIR.includes(from)) throw new Error(`the fixture has no '${from}'`);
  return FAIR.replace(from, to);
};

interface Case {
  readonly file: string | Uint8Array;
  /** What the kernel's log says. */
  readonly reason: RegExp;
}

const BAD: Readonly<Record<string, Case>> = {
  'lacks an operation': {
    file: edited('load: () => state.runnable.filter((runs) => runs !== 0).length,', ''),
    reason: /scheduler\/fair-share lacks operations load/,
  },
  'wrong contract version': {
    file: edited('contract: 1', 'contract: 7'),
    reason: /implements version 7 of contract scheduler; this kernel has 1/,
  },
  'needs a newer contract': {
    file: edited('needs: {}', 'needs: { vm: 99 }'),
    reason: /needs version 99 of contract vm/,
  },
  'unknown slot': { file: edited("'scheduler'", "'sheduler'"), reason: /slot sheduler/ },
  'throws at load': {
    file: `throw new RangeError('no luck');\n${FAIR}`,
    reason: /module file refused: no luck/,
  },
  'spoils a state that it claims to share, then throws': {
    file: edited("name: 'fair-share', versions", "name: 'time-sharing', versions").replace(
      'function create(state) {',
      `function create(state, kernel) {
        if (kernel) for (const field of Object.keys(state)) delete state[field];
        if (kernel) throw new Error('spoilt');`,
    ),
    reason: /refused at transfer: spoilt/,
  },
  'throws in create': {
    file: edited(
      'function create(state) {',
      "function create(state, kernel) { if (kernel) throw new Error('not today');",
    ),
    reason: /refused at transfer: not today/,
  },
  'fails its self-test': {
    file: edited('=== 0 ? null', '=== 1 ? null'),
    reason: /self-test failed: an empty scheduler picks a thread/,
  },
  'throws in its self-test': {
    file: edited('selfTest: () =>', 'selfTest: () => state.nowhere ||'),
    reason: /refused at check: .*nowhere/,
  },
  'throws while it takes threads over': {
    file: edited('state.tids.push(tid);', 'if (tid > 0) throw new Error("no room");'),
    reason: /refused at transfer: no room/,
  },
  'breaks its own invariant': {
    file: edited('create: blank }', "create: blank, verify: () => 'always wrong' }"),
    reason: /an invariant is broken: always wrong/,
  },
  'exports nothing': { file: edited('export { fair as default };', ''), reason: /no default export/ },
  'exports a number': { file: 'export default 42;', reason: /exports no record/ },
  'exports a thenable': { file: 'export default { then(f) { f(1); } };', reason: /no manifest/ },
  'is no JavaScript': { file: 'This is a letter, not a program.', reason: /line 1: it is not an ES module/ },
  'is cut off': { file: FAIR.slice(0, FAIR.length / 2), reason: /not an ES module, or it is cut off/ },
  'has a syntax error': {
    file: `let let = 1;\n${FAIR}`,
    reason: /module file refused: line 1: it is not an ES module, or it is cut off: .*keyword/,
  },
  'is a Linux module': {
    file: Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
    reason: /it is an ELF file/,
  },
  'is no text': { file: Uint8Array.from([0x65, 0xff, 0xfe, 0x00]), reason: /not UTF-8/ },
  imports: { file: `import fs from 'node:fs';\n${FAIR}`, reason: /line 1: it imports 'node:fs'; bundle/ },
  're-exports': { file: `export * from './x.mjs';\n${FAIR}`, reason: /imports '.\/x.mjs'/ },
  'imports later': { file: `${FAIR}\nconst x = () => import('node:fs');`, reason: /import\(\) is refused/ },
  'asks where it is': { file: `${FAIR}\nconst x = import.meta.url;`, reason: /import.meta is refused/ },
  'is asynchronous': { file: `${FAIR}\nasync function f() {}`, reason: /the word async is refused/ },
  'waits at its top': { file: `await 1;\n${FAIR}`, reason: /module file refused: .*await/ },
  'is empty': { file: '\n'.repeat(8), reason: /no default export/ },
  'throws what can not be shown': {
    file: `throw { toString() { throw 1; } };\n${FAIR}`,
    reason: /no reason that can be shown/,
  },
  'throws escape sequences': {
    file: `throw new Error('\\x1b[2Jgone\\n');\n${FAIR}`,
    reason: /module file refused: \?\[2Jgone\?/,
  },
  'takes the name of a built-in one': {
    file: edited("name: 'fair-share'", "name: 'round-robin'"),
    reason: /^$/,
  },
};

describe.each(roots())('with $name', ({ options }) => {
  const results = new Map<string, { said: string; status: string; log: string }>();

  beforeAll(async () => {
    const names = Object.keys(BAD);
    const files = Object.fromEntries(names.map((name, i) => [`${i}.mjs`, (BAD[name] as Case).file]));
    const script = `i=0; while [ $i -lt ${names.length} ]; do
      echo "#$i" >&2; insmod /m/$i.mjs; echo "status $(($? != 0))" >&2; i=$((i + 1)); done
      grep -o "^time_sharing\\|^fair_share" /proc/modules; insmod /m/good.mjs && grep -o "^fair_share" /proc/modules`;
    const run = await strake(options, ['sh', '-c', script], { ...files, 'good.mjs': FAIR });
    for (const [i, part] of run.stderr
      .split(/^#\d+\n/m)
      .slice(1)
      .entries()) {
      const lines = part.trimEnd().split('\n');
      results.set(names[i] as string, {
        log: lines.filter((line) => line.startsWith('strake: ')).join('\n'),
        said: lines.find((line) => line.includes('insmod: ')) ?? '',
        status: lines.find((line) => line.startsWith('status ')) ?? '',
      });
    }
    results.set('end', { log: run.stdout, said: '', status: '' });
  });

  test.each(Object.keys(BAD))('a file that %s', (name) => {
    const { log, said, status } = results.get(name) ?? { log: '', said: '', status: '' };
    expect(log).toMatch((BAD[name] as Case).reason);
    expect(status).toBe('status 1');
    const taken = name.startsWith('takes the name');
    expect(said).toMatch(taken ? /File exists$/ : /[Ee]xec format error$|invalid module format$/);
  });

  test('the scheduler that was there went on, and a good module is taken after all', () => {
    expect(results.get('end')?.log).toBe('time_sharing\nfair_share\n');
  });
});
