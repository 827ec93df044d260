/**
 * Stack traces of a bundled file, told in the names and lines of its sources.
 *
 * The map is read when the first trace is asked for; a run without an error never pays for it.
 */
import fs from 'node:fs';
import type { SourceMap } from 'node:module';
import path from 'node:path';

/** @returns the map beside a bundled file, or null */
function mapOf(file: string): SourceMap | null {
  try {
    const { SourceMap: Map } = process.getBuiltinModule('node:module');
    return new Map(JSON.parse(fs.readFileSync(`${file}.map`, 'utf8')));
  } catch {
    return null;
  }
}

/** See that places in `file` are told by its map from now on. */
export function mapStacks(file: string): void {
  let map: SourceMap | null | undefined;
  const told = (site: NodeJS.CallSite): string => {
    const text = String(site);
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (site.getFileName() !== file || line === null || column === null) return text;
    map ??= mapOf(file);
    const origin = map?.findOrigin(line, column);
    if (origin === undefined || !('fileName' in origin)) return text;
    const source = path.resolve(path.dirname(file), origin.fileName);
    return text.replace(`${file}:${line}:${column}`, `${source}:${origin.lineNumber}:${origin.columnNumber}`);
  };
  Error.prepareStackTrace = (error, sites): string =>
    [String(error), ...sites.map((site) => `    at ${told(site)}`)].join('\n');
}
