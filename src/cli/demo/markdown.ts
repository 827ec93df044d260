/**
 * The demo's reports as Markdown: `docs/scenarios.md` is what `strake demo all --markdown` prints.
 */
import type { Report } from './record.ts';
import type { Scenario } from './scenario.ts';
import { nanoseconds, replacementText } from './table.ts';

/** Of Debian: what all scenarios together run. */
export const PACKAGES = 'redis python3 sqlite3 e2fsprogs rt-tests util-linux busybox-static';

const INTRODUCTION = `# The scenarios

R. Draves, "The case for run-time replaceable kernel modules" (WWOS-IV 1993), gives three reasons why applications should replace
parts of a running kernel: features that are lacking, performance, and versions that do not fit. His examples are run
here on real programs. Each table is measured: the same program under the same load, before and after.
`;

/** @param command what printed the page */
export const markdownHead = (command: string): string => `${INTRODUCTION}
This page was printed by \`${command}\` on Node ${process.versions.node}. DIR is
a root of \`tools/guest-root --busybox-links ${PACKAGES}\`. Without it programs that come with Strake take
the place of Debian's. \`strake demo NAME --itself\` puts the same module in again, and must find nothing better.
`;

export function reportMarkdown({ name, paper }: Scenario, report: Report): string {
  const { title, programs, load, claims, table, intact, notes, records } = report;
  const single = claims.length > 0;
  const replaced = records.map((record) =>
    record.replacements === 0
      ? `${record.slot} was not replaced`
      : `${record.slot} \`${record.from}\` by \`${record.to}\`: ${replacementText(record)}`,
  );
  const good = records.every(({ ok }) => ok);
  return [
    `## ${name}`,
    '',
    `*After the paper:* ${paper}`,
    '',
    `*Run:* ${title}; ${load}. Programs: ${programs}.`,
    '',
    ...(single
      ? rows([
          ['', 'before', 'after', 'claimed'],
          ...claims.map(({ title: figure, before, after, claim, holds }) => [
            figure,
            before,
            after,
            claim === '' ? '' : `${claim}: ${holds ? 'yes' : 'NO'}`,
          ]),
        ])
      : []),
    ...(single && table.length > 0 ? [''] : []),
    ...(table.length > 0 ? rows(table) : []),
    '',
    ...(single
      ? replaced.map((line) => `- Replaced: ${line}`)
      : [`- The longest pause: ${nanoseconds(Math.max(...records.map(({ pauseMaxNs }) => pauseMaxNs)))}`]),
    `- Output intact: ${records.every(({ outputIntact }) => outputIntact) ? 'yes' : 'NO'}; ${intact}.`,
    ...notes.map((note) => `- Note: ${note}.`),
    `- Verdict: ${good ? 'as claimed' : 'NOT as claimed'}.`,
    '',
  ].join('\n');
}

const rows = (cells: readonly (readonly string[])[]): readonly string[] => {
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
};
