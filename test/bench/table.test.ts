/** Ratios, means and tables of made-up figures. */
import { describe, expect, it } from 'vitest';
import { geometricMean, jsonOf, markdownTable, means, missingList, ratio, speed } from '../../bench/table.ts';
import { RESULTS, SYSTEMS } from './figures.ts';

const [walk, , call, editor] = RESULTS as [(typeof RESULTS)[number], unknown, never, never];

describe('the table', () => {
  it('relates systems, and says nothing of one that is missing', () => {
    expect([speed(walk), speed(call), speed(editor)]).toEqual([2, 0.5, 0.25]);
    expect([ratio(walk, 'jit', 'native'), ratio(editor, 'jit', 'native')]).toEqual([2, null]);
  });

  it('averages ratios geometrically', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4);
    expect(geometricMean([])).toBeNull();
  });

  it('averages all rows, those without floating point, and each group', () => {
    const near = (x: number): unknown => expect.closeTo(x, 10);
    expect(means(RESULTS)).toEqual([
      { name: 'all rows', rows: 4, ratios: [near(2 ** -0.75), near(2 ** 0.25), near(16 ** (1 / 3))] },
      {
        name: 'without floating point',
        rows: 3,
        ratios: [near(0.25 ** (1 / 3) / 2), near(0.25 ** (1 / 3)), near(Math.sqrt(8))],
      },
      { name: 'programs', rows: 2, ratios: [near(2), near(4), near(2)] },
      { name: 'kernel path', rows: 1, ratios: [near(0.25), near(0.5), near(4)] },
      { name: 'real programs', rows: 1, ratios: [near(0.125), near(0.25), null] },
    ]);
  });

  it('gives no mean twice', () => {
    expect(means([walk]).map(({ name }) => name)).toEqual(['all rows']);
  });

  it('is one table, in groups', () => {
    expect(markdownTable(RESULTS, SYSTEMS).split('\n')).toEqual([
      '|                            | native | qemu | interpreter | first |  jit | qemu / first | qemu / jit | jit / native |',
      '|----------------------------|-------:|-----:|------------:|------:|-----:|-------------:|-----------:|-------------:|',
      '| **programs**               |        |      |             |       |      |              |            |              |',
      '| walk                       |   0.25 | 1.00 |        4.00 |  1.00 | 0.50 |         1.00 |       2.00 |         2.00 |',
      '| planets                    |   0.50 | 8.00 |       10.00 |  2.00 | 1.00 |         4.00 |       8.00 |         2.00 |',
      '| **kernel path**            |        |      |             |       |      |              |            |              |',
      '| call                       |   0.50 | 1.00 |        2.50 |  4.00 | 2.00 |         0.25 |       0.50 |         4.00 |',
      '| **real programs**          |        |      |             |       |      |              |            |              |',
      '| editor                     |        | 1.00 |        5.00 |  8.00 | 4.00 |         0.13 |       0.25 |              |',
      '| **geometric means**        |        |      |             |       |      |              |            |              |',
      '| all rows (4)               |        |      |             |       |      |         0.59 |       1.19 |         2.52 |',
      '| without floating point (3) |        |      |             |       |      |         0.31 |       0.63 |         2.83 |',
      '| programs (2)               |        |      |             |       |      |         2.00 |       4.00 |         2.00 |',
      '| kernel path (1)            |        |      |             |       |      |         0.25 |       0.50 |         4.00 |',
      '| real programs (1)          |        |      |             |       |      |         0.13 |       0.25 |              |',
    ]);
  });

  it('leaves out the ratios of systems that were not asked for, and means without ratios', () => {
    const seconds = { qemu: 1 };
    expect(markdownTable([{ ...walk, seconds }], ['qemu'])).toBe(
      [
        '|              | qemu |',
        '|--------------|-----:|',
        '| **programs** |      |',
        '| walk         | 1.00 |',
      ].join('\n'),
    );
  });

  it('has the same as JSON, with what has no figures', () => {
    const missing = [{ name: 'shell', reason: 'no root', failed: false }];
    const json = JSON.parse(jsonOf({ results: RESULTS, missing }, { rounds: 3 }));
    expect(json).toMatchObject({ rounds: 3, missing });
    expect(json.rows[0]).toEqual({ ...walk, speed: 2 });
    expect(json.means[4]).toEqual({
      name: 'real programs',
      rows: 1,
      'qemu/first': expect.closeTo(0.125, 10),
      'qemu/jit': 0.25,
      'jit/native': null,
    });
  });

  it('tells failures from what is not there', () => {
    const missing = [
      { name: 'shell', reason: 'no root', failed: false },
      { name: 'cat', reason: 'jit: ended with 1', failed: true },
    ];
    expect(missingList({ results: [], missing })).toEqual([
      'shell: no root',
      'cat: FAILED: jit: ended with 1',
    ]);
  });
});
