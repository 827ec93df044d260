/** Made-up figures for the tests of what is made of figures. */
import type { Result } from '../../bench/measure.ts';
import type { Group, Row } from '../../bench/rows.ts';

export const row = (name: string, group: Group = 'programs', floating = false): Row => ({
  name,
  group,
  what: `what ${name} does`,
  work: 100,
  floating,
  kind: { from: 'c', source: `programs/${name}.c` },
});

/** Native, QEMU, interpreter, the jit's first run, jit; null for a system that has no program of the row. */
export const result = (
  { name, group, floating }: Row,
  [native, qemu, interpreter, first, jit]: readonly [number | null, number, number, number, number],
): Result => ({
  name,
  group,
  floating,
  seconds: { ...(native === null ? {} : { native }), qemu, interpreter, first, jit },
});

export const ROWS: readonly Row[] = [
  row('walk'),
  row('planets', 'programs', true),
  row('call', 'kernel path'),
  row('editor', 'real programs'),
];

export const RESULTS: readonly Result[] = [
  [0.25, 1, 4, 1, 0.5],
  [0.5, 8, 10, 2, 1],
  [0.5, 1, 2.5, 4, 2],
  [null, 1, 5, 8, 4],
].map((seconds, at) =>
  result(ROWS[at] as Row, seconds as unknown as [number | null, number, number, number, number]),
);

export const SYSTEMS: readonly string[] = ['native', 'qemu', 'interpreter', 'first', 'jit'];
