/**
 * The demo's reports as Markdown: `docs/scenarios.md` is what `strake demo all --markdown` prints.
 */
import type { Report } from './record.ts';
import type { Scenario } from './scenario.ts';
import { nanoseconds, replacementText } from './table.ts';

const INTRODUCTION = `# The scenarios

R. Draves, "The case for run-time replaceable kernel modules" (WWOS-IV 1993), gives three reasons why applications should replace
parts of a running kernel: features that are lacking, performance, and versions that do not fit. His examples are run
here on real programs. Each table is measured: the same program under the same load, before and after.
`;

export function markdownHead(command: string): string {
  return `${INTRODUCTION}\nThis page was printed by \`${command}\` on Node ${process.versions.node}; it fails if a figure is not as claimed.\n`;
}

export function reportMarkdown({ name, paper }: Scenario, report: Report): string {
  const { title, programs, load, claims, table, intact, notes, records } = report;
  const single = table.length === 0;
  const replaced = records.map((record) =>
    record.replacements === 0
      ? `${record.slot} was not replaced`
      : `${record.slot} \`${record.from}\` by \`${record.to}\`: ${replacementText(record)}`,
  );
  const good = records.every(({ ok }) => ok);
  return [
    `## ${name}`,
    '',
    `*The paper:* ${paper}`,
    '',
    `*Run:* ${title}. ${load}. Programs: ${programs}.`,
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
      : rows(table)),
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
