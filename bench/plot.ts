/**
 * The plot of a measurement: speed relative to QEMU by row, on a logarithmic scale, in groups, as SVG.
 *
 * Text and lines have the colour of the page's text, light or dark; the other colours are readable on both.
 */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Result } from './measure.ts';
import { GROUPS } from './rows.ts';
import { ratio } from './table.ts';

const INK = 'currentColor';
const STYLE =
  '<style>:root{color:#1f2328}@media(prefers-color-scheme:dark){:root{color:#e6edf3}}text{font-family:system-ui,sans-serif}</style>';
const COLOURS = { jit: '#3b82c4', interpreter: '#b4690e', native: '#7d8590' };
/** What stands beside the bars, as marks. */
const OTHERS = ['interpreter', 'native'] as const;
const WIDTH = 520;
const STEP = 17;

interface Point {
  readonly row: string;
  readonly group: string;
  readonly system: string;
  readonly speed: number;
}

/** @returns a point for each row and system with a speed relative to QEMU */
export function points(results: readonly Result[]): readonly Point[] {
  return results.flatMap((result) =>
    ['jit', ...OTHERS].flatMap((system) => {
      const speed = ratio(result, 'qemu', system);
      return speed === null ? [] : [{ row: result.name, group: result.group, system, speed }];
    }),
  );
}

/** @param results at least one with figures of QEMU and another system */
export async function plot(results: readonly Result[]): Promise<string> {
  const view = new View(parse(compile(specOf(results)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg.replace(/^(<svg[^>]*>)/, `$1${STYLE}`)}\n`;
}

/** Where the axis has a line and a number. */
const TICKS = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

function specOf(results: readonly Result[]): TopLevelSpec {
  const groups = GROUPS.filter((group) => results.some((result) => result.group === group));
  const values = points(results);
  const panel = (group: string, last: boolean) => {
    const names = results.filter((result) => result.group === group).map(({ name }) => name);
    const row = { field: 'row', type: 'nominal', sort: names, title: null } as const;
    const speed = {
      field: 'speed',
      type: 'quantitative',
      scale: { type: 'log' },
      axis: {
        title: last ? 'speed relative to QEMU, logarithmic: to the right of 1 is faster' : null,
        format: '~g',
        values: TICKS,
        labels: last,
        ticks: last,
        domain: last,
      },
    } as const;
    const color = {
      field: 'system',
      type: 'nominal',
      scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
      legend: { title: null, orient: 'top', symbolType: 'square', symbolOpacity: 1 },
    } as const;
    return {
      title: { text: group, anchor: 'start', frame: 'group' },
      width: WIDTH,
      height: { step: STEP },
      data: { values: values.filter((point) => point.group === group) },
      layer: [
        {
          transform: [{ filter: "datum.system === 'jit'" }],
          mark: { type: 'bar', height: 9 },
          encoding: { y: row, x: speed, x2: { datum: 1 }, color },
        },
        {
          transform: [{ filter: "datum.system !== 'jit'" }],
          mark: { type: 'tick', thickness: 3, size: 11, opacity: 1 },
          encoding: { y: row, x: speed, color },
        },
        { mark: { type: 'rule', color: INK }, encoding: { x: { datum: 1 } } },
      ],
    } as const;
  };
  return {
    vconcat: groups.map((group, at) => panel(group, at === groups.length - 1)),
    spacing: 12,
    resolve: { scale: { x: 'shared', color: 'shared' } },
    config: {
      background: 'transparent',
      view: { stroke: null },
      axis: {
        labelColor: INK,
        titleColor: INK,
        tickColor: INK,
        domainColor: INK,
        gridColor: INK,
        gridOpacity: 0.15,
      },
      axisY: { ticks: false, domain: false, grid: false },
      title: { color: INK, fontSize: 12 },
      legend: { labelColor: INK },
    },
  } as unknown as TopLevelSpec;
}
