/**
 * Module files to scripts: one bundled ES module becomes a function of the kernel's runtime that gives its default export.
 *
 * Two scripts come from one file. Both count loops and calls, so that code which never ends can be stopped; the
 * `logged` one also tells the runtime of every place that it is about to write (rewrite.ts), so that a kernel entry can be
 * undone. What would need a second file, or would run outside of a kernel entry, is refused with its reason. This is no
 * guard: what confined code can reach is decided in host/confined.
 */
import { type Node, parse, type Program } from 'acorn';
import { lineOf, type Logging, Rewriter, SourceError } from './rewrite.ts';

export { SourceError };

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

/** Scripts whose value is a function `(runtime) => default export`. */
export interface Scripts {
  readonly counted: string;
  readonly logged: string;
}

/** The scripts of a module file that a guest brought. Throws SourceError. */
export function scriptsOf(source: string): Scripts {
  const program = parseModule(source);
  // Without this word no promise can be made, and so none can be rejected, which would end the host's process.
  const asynchronous = /\basync\b/.exec(source);
  if (asynchronous !== null) {
    const line = lineOf(source, asynchronous.index);
    throw new SourceError(`line ${line}: kernel code runs to completion; the word async is refused anywhere`);
  }
  return { counted: scriptOf(source, program, 'steps'), logged: scriptOf(source, program, 'writes') };
}

/**
 * An ES module, as text, whose default export is the `logged` function of a module file that the host trusts; its imports
 * stay what they are. Throws SourceError.
 */
export function loggedModuleOf(source: string): string {
  const program = parseModule(source);
  const imports = program.body.filter(({ type }) => type === 'ImportDeclaration');
  const heads = imports.map(({ start, end }) => source.slice(start, end)).join(' ');
  return `${heads} export default ${scriptOf(source, program, 'writes', imports)};`;
}

function parseModule(source: string): Program {
  try {
    return parse(source, { ecmaVersion: 'latest', sourceType: 'module' });
  } catch (error) {
    const { pos, message } = error as SyntaxError & { readonly pos?: number };
    const why = message.replace(/ \(\d+:\d+\)$/, '');
    throw new SourceError(
      `line ${lineOf(source, pos ?? 0)}: it is not an ES module, or it is cut off: ${why}`,
    );
  }
}

/** @param apart statements that are left out: the caller has put them elsewhere */
function scriptOf(source: string, program: Program, logging: Logging, apart: readonly Node[] = []): string {
  const rewriter = new Rewriter(source, logging, apart.length === 0 ? 'refuse' : 'keep');
  const { body, value } = rewriter.module(program, apart);
  if (value === null) throw new SourceError('it has no default export');
  return `(strake$) => { 'use strict'; ${body}\n;return ${value};\n}`;
}
