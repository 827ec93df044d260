/**
 * Turning one bundled ES module into a script whose value is its default export.
 *
 * A confined compartment evaluates scripts; a module file says `export`. Only exports are rewritten, in place, so that
 * lines keep their numbers. What would need a second file, or would run outside of a kernel entry, is refused with its
 * reason. This is no guard: what confined code can reach is decided in load.ts.
 */
import { type DirectExport, type Export, type Import, init, parse } from 'es-module-lexer';

/** A module file that is refused; the message says why. */
export class SourceError extends Error {}

const DEFAULT = 'strake$default';
const BLANK = String.raw`(?:\s|/\*[^]*?\*/|//[^\n]*\n)*`;
const LIST = new RegExp(String.raw`^export${BLANK}\{`);

/** The text of a module file. Throws SourceError where it is none. */
export function textOf(image: Uint8Array): string {
  if (image[0] === 0x7f && image[1] === 0x45 && image[2] === 0x4c && image[3] === 0x46) {
    throw new SourceError('it is an ELF file; a module of this kernel is one bundled ES module');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(image);
  } catch {
    throw new SourceError('it is not UTF-8 text');
  }
}

/** A script that evaluates to the default export of a module. Throws SourceError. */
export async function scriptOf(source: string): Promise<string> {
  await init;
  const [imports, exports] = lex(source);
  for (const found of imports) refuseImport(source, found);
  // Without this word no promise can be made, and so none can be rejected, which would end the host's process.
  const asynchronous = /\basync\b/.exec(source);
  if (asynchronous !== null) {
    const line = lineOf(source, asynchronous.index);
    throw new SourceError(`line ${line}: kernel code runs to completion; the word async is refused anywhere`);
  }
  const direct = exports.filter((found): found is DirectExport => found.type === 'direct');
  const chosen = direct.find(({ name }) => name === 'default');
  if (chosen === undefined) throw new SourceError('it has no default export');
  const body = withoutExports(source, direct);
  return `(function () { 'use strict'; ${body}\n;return ${chosen.localName ?? DEFAULT};\n})()`;
}

function lex(source: string): readonly [readonly Import[], readonly Export[]] {
  try {
    const [imports, exports] = parse(source);
    return [imports, exports];
  } catch (error) {
    const at = (error as { readonly idx?: number }).idx ?? 0;
    throw new SourceError(`line ${lineOf(source, at)}: it is not an ES module, or it is cut off`);
  }
}

function refuseImport(source: string, found: Import): void {
  const line = lineOf(source, found.importStart);
  if (found.type === 'import-meta') throw new SourceError(`line ${line}: import.meta is refused`);
  if (found.type === 'dynamic') throw new SourceError(`line ${line}: import() is refused`);
  throw new SourceError(`line ${line}: it imports '${found.specifier}'; bundle the module into one file`);
}

/** The source with each export statement made an ordinary one. */
function withoutExports(source: string, exports: readonly DirectExport[]): string {
  let result = '';
  let at = 0;
  const statements = new Map<number, DirectExport[]>();
  for (const found of exports) {
    statements.set(found.exportStart, [...(statements.get(found.exportStart) ?? []), found]);
  }
  for (const [start, names] of [...statements].sort(([a], [b]) => a - b)) {
    const first = names[0] as DirectExport;
    result += source.slice(at, start);
    if (LIST.test(source.slice(start))) {
      at = source.indexOf('}', Math.max(...names.map(({ end, localEnd }) => Math.max(end, localEnd)))) + 1;
      result += source.slice(start, at).replace(/[^\n]/g, '');
    } else if (first.name === 'default') {
      at = first.end;
      if (first.localName === undefined) result += `const ${DEFAULT} = `;
    } else {
      at = start + 'export'.length;
    }
  }
  return result + source.slice(at);
}

const lineOf = (source: string, at: number): number => source.slice(0, at).split('\n').length;
