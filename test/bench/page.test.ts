/** The page about made-up figures, the remarks, and the plot. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Page, page, parseRemarks } from '../../bench/page.ts';
import { plot, points } from '../../bench/plot.ts';
import { ROWS as REAL_ROWS } from '../../bench/rows.ts';
import { RESULTS, ROWS, SYSTEMS } from './figures.ts';

const REMARKS =
  '# Why\n\nFor whom it concerns.\n\n## walk\n\nIt wins.\n\n## call\n\nToo far.\nTried: nearer.\n';
const given: Page = {
  measured: { results: RESULTS, missing: [{ name: 'shell', reason: 'no root', failed: false }] },
  rows: ROWS,
  systems: SYSTEMS,
  facts: [['Processor', 'Abacus, 2 logical cores']],
  start: { native: 0.001, qemu: 0.01, interpreter: 0.25, jit: 0.26 },
  remarks: parseRemarks(REMARKS, ROWS),
  rounds: 3,
  percent: 100,
  cpuTime: false,
  date: '2031-02-03T04:05:06.000Z',
  plot: 'picture.svg',
};

describe('the page', () => {
  const text = page(given);

  it('has table, plot, machine, and what a start costs', () => {
    for (const part of [
      '![Speed relative to QEMU, by row](picture.svg)',
      '| Processor | Abacus, 2 logical cores |',
      'on 2031-02-03.',
      'native 1 ms, qemu 10 ms, interpreter 250 ms, jit 260 ms. All figures include that.',
      '- The jit, without floating point (3): 0.63 times the speed of QEMU, 0.31 times in a first run, 2.8 times slower than native.',
      '- **planets**: what planets does (floating point).',
      '## Left out\n\n- shell: no root\n',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(
      /^\| planets +\| +0\.50 \| 8\.00 \| +10\.00 \| +2\.00 \| 1\.00 \| +4\.00 \| +8\.00 \| +2\.00 \|$/m,
    );
  });

  it('says why rows lose, of those alone that do', () => {
    expect(text).toContain(
      '### call: 0.50\n\nToo far.\nTried: nearer.\n\n### editor: 0.25\n\nNot looked into yet.',
    );
    expect(text).not.toContain('It wins.');
  });

  it('has no place for losers where there are none', () => {
    const results = RESULTS.slice(0, 2);
    const winners = page({ ...given, measured: { results, missing: [] } });
    expect(winners).not.toContain('loses');
    expect(winners).not.toContain('Left out');
  });

  it.each([
    ['of no row', '## wolk\n\nText.\n', "remarks: there is no row 'wolk'"],
    ['there twice', '## walk\n\nA.\n\n## walk\n\nB.\n', "remarks: 'walk' is there twice"],
    ['empty', '## walk\n\n## call\n\nB.\n', "remarks: 'walk' says nothing"],
    ['empty, at the end', '## walk', "remarks: 'walk' says nothing"],
  ])('refuses a remark that is %s', (_, remarks, error) => {
    expect(() => parseRemarks(remarks, ROWS)).toThrow(error);
  });

  it('takes the remarks that there are', () => {
    const file = path.join(import.meta.dirname, '../../bench/remarks.md');
    expect(parseRemarks(readFileSync(file, 'utf8'), REAL_ROWS).size).toBeGreaterThan(0);
  });
});

describe('the plot', () => {
  it('has a point for each row and system with both figures', () => {
    const of = (row: string): readonly (readonly [string, number])[] =>
      points(RESULTS)
        .filter((point) => point.row === row)
        .map(({ system, speed }) => [system, speed]);
    expect(of('walk')).toEqual([
      ['jit', 2],
      ['interpreter', 0.25],
      ['native', 4],
    ]);
    expect(of('editor')).toEqual([
      ['jit', 0.25],
      ['interpreter', 0.2],
    ]);
  });

  it('draws bars from 1, to the right for what is faster, on a logarithmic scale', async () => {
    const svg = await plot(RESULTS);
    const bar = (row: string): readonly [from: number, width: number] => {
      const found = new RegExp(
        `aria-label="[^"]*row: ${row}; system: jit"[^>]* d="M([\\d.]+),[\\d.]+h(-?[\\d.]+)`,
      ).exec(svg);
      return [Number(found?.[1]), Number(found?.[2])];
    };
    const [one, twice] = bar('walk');
    const [same, eightfold] = bar('planets');
    const [left, half] = bar('call');
    expect(one).toBeGreaterThan(0);
    expect(same).toBe(one);
    expect(eightfold).toBeCloseTo(twice * 3, 1);
    expect(half).toBeCloseTo(twice, 1);
    expect(left + half).toBeCloseTo(one, 1);
  });

  it('names rows in their groups, in the colour of the text around it, light or dark', async () => {
    const svg = await plot(RESULTS);
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    const order = ['programs', 'walk', 'planets', 'kernel path', 'call', 'real programs', 'editor'];
    expect(texts.filter((text) => order.includes(text as string)).toSorted()).toEqual(order.toSorted());
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/(fill|stroke)="(#000|#fff|black|white)/);
    expect(svg).toMatch(/<text[^>]*fill="currentColor"/);
  });
});
