/**
 * Rewriting of module code so that its steps are counted and, for probation, its writes are logged.
 *
 *     while (c) s;         while (c) { if (--strake$.left < 0) strake$.overrun(); s; }      also functions and catch clauses
 *     o.k += v             strake$.at(o, "k").k += v                                        before the write, whatever writes
 *     o[k] = v             strake$.at(o, k)[strake$.key] = v
 *     o.push(v)            strake$.call(o, "push", v)                                       each method that changes a collection
 *
 * The statements stay JavaScript's own, so that order of evaluation and meaning do not change: `at` gives back the object
 * that it was told of. Local variables need no log, for nothing of a module outlives a kernel entry but its state, and an
 * instance is made anew after an undone entry. Works on the syntax tree (acorn; https://github.com/estree/estree).
 */
import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  CallExpression,
  ChainExpression,
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  MemberExpression,
  Node,
  Pattern,
  Program,
  Super,
} from 'acorn';

/** A module file that is refused; the message says why. */
export class SourceError extends Error {}

export const lineOf = (source: string, at: number): number => source.slice(0, at).split('\n').length;

type FunctionNode =
  | AnonymousFunctionDeclaration
  | ArrowFunctionExpression
  | FunctionDeclaration
  | FunctionExpression;

/** `steps`: only count; `writes`: log writes too. */
export type Logging = 'steps' | 'writes';

/** Name by which rewritten code reaches the runtime, and the prefix that no name of a module may have. */
const RUNTIME = 'strake$';
const DEFAULT = 'strake$default';
const STEP = `if (--${RUNTIME}.left < 0) ${RUNTIME}.overrun();`;
const STEP_EXPRESSION = `--${RUNTIME}.left < 0 && ${RUNTIME}.overrun()`;

/** Methods of arrays, typed arrays, Map, Set and DataView that change them, and functions that change an argument. */
const MUTATORS: ReadonlySet<string> = new Set([
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...['set', 'add', 'delete', 'clear', 'assign', 'defineProperty', 'defineProperties', 'deleteProperty'],
  ...['setInt8', 'setUint8', 'setInt16', 'setUint16', 'setInt32', 'setUint32', 'setFloat32', 'setFloat64'],
  ...['setBigInt64', 'setBigUint64', 'apply', 'call'],
]);

const LOOPS: ReadonlySet<string> = new Set([
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
]);

export class Rewriter {
  readonly #source: string;
  readonly #logs: boolean;
  readonly #imports: 'refuse' | 'keep';

  constructor(source: string, logging: Logging, imports: 'refuse' | 'keep') {
    this.#source = source;
    this.#logs = logging === 'writes';
    this.#imports = imports;
  }

  /**
   * The statements of a module without its exports.
   * @param apart statements to leave out @returns them, and an expression for the default export, or null
   */
  module(program: Program, apart: readonly Node[]): { readonly body: string; readonly value: string | null } {
    let value: string | null = null;
    let body = '';
    let at = 0;
    for (const statement of program.body) {
      body += this.#source.slice(at, statement.start);
      at = statement.end;
      if (apart.includes(statement)) continue;
      switch (statement.type) {
        case 'ExportDefaultDeclaration':
          body += this.#exportDefault(statement);
          value = nameOf(statement) ?? DEFAULT;
          break;
        case 'ExportNamedDeclaration':
          value = defaultAmong(statement) ?? value;
          body += this.#exportNamed(statement);
          break;
        case 'ExportAllDeclaration':
          throw this.#imported(statement, String(statement.source.value));
        case 'ImportDeclaration':
          throw this.#imported(statement, String(statement.source.value));
        default:
          body += this.#emit(statement);
      }
    }
    return { body: body + this.#source.slice(at), value };
  }

  #exportDefault({ declaration, start }: ExportDefaultDeclaration): string {
    const gap = this.#newlines(start, declaration.start);
    const text = this.#emit(declaration);
    if (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') {
      return declaration.id === null ? `${gap}const ${DEFAULT} = ${text};` : gap + text;
    }
    return `${gap}const ${DEFAULT} = (${text});`;
  }

  #exportNamed(statement: ExportNamedDeclaration): string {
    const { declaration, source, start, end } = statement;
    if (source != null) throw this.#imported(statement, String(source.value));
    if (declaration == null) return this.#newlines(start, end);
    return this.#newlines(start, declaration.start) + this.#emit(declaration);
  }

  /** The code of a node. Text between the children is kept as it is. */
  #emit(node: AnyNode): string {
    switch (node.type) {
      case 'Identifier':
        if (node.name.startsWith(RUNTIME)) {
          throw new SourceError(
            `line ${this.#line(node)}: names that begin with ${RUNTIME} are the kernel's`,
          );
        }
        return this.#text(node);
      case 'ImportExpression':
        if (this.#imports === 'refuse')
          throw new SourceError(`line ${this.#line(node)}: import() is refused`);
        break;
      case 'MetaProperty':
        if (node.meta.name === 'import' && this.#imports === 'refuse')
          throw new SourceError(`line ${this.#line(node)}: import.meta is refused`);
        return this.#text(node);
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#function(node);
      case 'CatchClause':
        return this.#splice(node, [[node.body, (text) => `{ ${STEP} ${text.slice(1)}`]]);
      case 'AssignmentExpression':
        return this.#splice(node, [[node.left, () => this.#target(node.left)]]);
      case 'UpdateExpression':
        return this.#splice(node, [[node.argument, () => this.#target(node.argument)]]);
      case 'UnaryExpression':
        if (node.operator !== 'delete') break;
        return this.#splice(node, [[node.argument, () => this.#target(node.argument)]]);
      case 'ArrayPattern':
      case 'ObjectPattern':
      case 'AssignmentPattern':
      case 'RestElement':
        return this.#target(node);
      case 'CallExpression':
        return this.#logs && isMutation(node) ? this.#call(node) : this.#splice(node, []);
      case 'ChainExpression':
        return this.#logs ? this.#chain(node) : this.#splice(node, []);
      default:
        if (LOOPS.has(node.type)) return this.#loop(node as AnyNode & { readonly body: AnyNode });
    }
    return this.#splice(node, []);
  }

  #function(node: FunctionNode): string {
    const { body } = node;
    if (body.type === 'BlockStatement') {
      const first = body.body.find(
        (statement) => !(statement.type === 'ExpressionStatement' && statement.directive !== undefined),
      );
      const at = (first ?? { start: body.end - 1 }).start;
      const head = this.#source.slice(body.start, at);
      return this.#splice(node, [[body, (text) => `${head} ${STEP} ${text.slice(head.length)}`]]);
    }
    return this.#splice(node, [[body, (text) => `(${STEP_EXPRESSION}, ${text})`]]);
  }

  #loop(node: AnyNode & { readonly body: AnyNode }): string {
    const { body } = node;
    const replaced: Replacement[] = [
      [
        body,
        (text) => (body.type === 'BlockStatement' ? `{ ${STEP} ${text.slice(1)}` : `{ ${STEP} ${text} }`),
      ],
    ];
    if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') {
      const { left } = node;
      if (left.type !== 'VariableDeclaration') replaced.push([left, () => this.#target(left)]);
    }
    return this.#splice(node, replaced);
  }

  /** What is assigned to: its members are logged first. */
  #target(node: Pattern | Expression): string {
    switch (node.type) {
      case 'MemberExpression':
        return this.#logs ? this.#member(node) : this.#emit(node);
      case 'ArrayPattern':
        return this.#splice(
          node,
          node.elements.flatMap((element): Replacement[] =>
            element === null ? [] : [[element, () => this.#target(element)]],
          ),
        );
      case 'ObjectPattern':
        return this.#splice(
          node,
          node.properties.map(
            (property): Replacement => [
              property,
              () =>
                property.type === 'RestElement'
                  ? this.#target(property)
                  : this.#splice(property, [[property.value, () => this.#target(property.value)]]),
            ],
          ),
        );
      case 'AssignmentPattern':
        return this.#splice(node, [[node.left, () => this.#target(node.left)]]);
      case 'RestElement':
        return this.#splice(node, [[node.argument, () => this.#target(node.argument)]]);
      default:
        return this.#emit(node);
    }
  }

  #member(node: MemberExpression): string {
    const { object, property } = node;
    // A private field is no state: no plain data has one.
    if (object.type === 'Super' || property.type === 'PrivateIdentifier') return this.#splice(node, []);
    const target = this.#argument(object);
    const text = node.computed
      ? `${RUNTIME}.at(${target}, ${this.#argument(property)})[${RUNTIME}.key]`
      : `${RUNTIME}.at(${target}, ${JSON.stringify(this.#text(property))}).${this.#text(property)}`;
    return text + this.#lost(node, text);
  }

  #call(node: CallExpression): string {
    const callee = node.callee as MemberExpression;
    const list = node.arguments.map((argument) => `, ${this.#argument(argument)}`).join('');
    const text = `${RUNTIME}.call(${this.#argument(callee.object as Expression)}, ${this.#key(callee)}${list}`;
    return `${text}${this.#lost(node, text)})`;
  }

  #chain(node: ChainExpression): string {
    return this.#link(node.expression).text;
  }

  /**
   * A part of `a?.b.c()`. A call that is logged becomes one of the runtime's, which gives undefined where the chain is cut
   * short; so what follows it in the chain is made optional too.
   */
  #link(node: Expression | Super): { readonly text: string; readonly cut: boolean } {
    if (node.type === 'CallExpression') {
      if (isMutation(node)) {
        const callee = node.callee as MemberExpression;
        const list = node.arguments.map((argument) => this.#argument(argument)).join(', ');
        const object = this.#link(callee.object).text;
        return {
          text: `${RUNTIME}.maybe(${object}, ${this.#key(callee)}, () => [${list}], ${node.optional})`,
          cut: true,
        };
      }
      const callee = this.#link(node.callee);
      const list = node.arguments.map((argument) => this.#argument(argument)).join(', ');
      return { text: `${callee.text}${node.optional || callee.cut ? '?.' : ''}(${list})`, cut: false };
    }
    if (node.type === 'MemberExpression') {
      const object = this.#link(node.object);
      const dot = node.optional || object.cut ? '?.' : node.computed ? '' : '.';
      const name = node.computed ? `[${this.#emit(node.property)}]` : this.#text(node.property);
      return { text: `${object.text}${dot}${name}`, cut: false };
    }
    const text = this.#emit(node);
    return { text: isSimple(node) ? text : `(${text})`, cut: false };
  }

  #key(callee: MemberExpression): string {
    return callee.computed
      ? this.#argument(callee.property as Expression)
      : JSON.stringify(this.#text(callee.property));
  }

  /** An expression where a comma would end it. */
  #argument(node: AnyNode): string {
    const text = this.#emit(node);
    return node.type === 'SequenceExpression' ? `(${text})` : text;
  }

  /** The code of a node whose children are emitted, some of them in a way of their own. */
  #splice(node: AnyNode, replaced: readonly Replacement[]): string {
    let text = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      const own = replaced.find(([which]) => which === child);
      text += this.#source.slice(at, child.start);
      if (own === undefined) text += this.#emit(child);
      else text += own[1](own[1].length === 0 ? '' : this.#emit(child));
      at = child.end;
    }
    return text + this.#source.slice(at, node.end);
  }

  #text(node: Node): string {
    return this.#source.slice(node.start, node.end);
  }

  #line(node: Node): number {
    return lineOf(this.#source, node.start);
  }

  #newlines(start: number, end: number): string {
    return this.#source.slice(start, end).replace(/[^\n]/g, '');
  }

  /** Line ends of a node that its new text lacks, so that lines keep their numbers. */
  #lost(node: Node, text: string): string {
    const lines = lineOf(this.#text(node), node.end - node.start) - lineOf(text, text.length);
    return lines > 0 ? '\n'.repeat(lines) : '';
  }

  #imported(node: Node, specifier: string): SourceError {
    return new SourceError(
      `line ${this.#line(node)}: it imports '${specifier}'; bundle the module into one file`,
    );
  }
}

/** A child, and how its text is made; one that takes an argument is given the child's ordinary text. */
type Replacement = readonly [child: AnyNode, make: (text: string) => string];

const isSimple = (node: AnyNode): boolean =>
  node.type === 'Identifier' || node.type === 'ThisExpression' || node.type === 'Super';

/** A call that may change what it is called on: by a telling name, or by one that is not known. */
function isMutation({ callee }: CallExpression): boolean {
  if (callee.type !== 'MemberExpression' || callee.object.type === 'Super') return false;
  const { property, computed } = callee;
  if (property.type === 'PrivateIdentifier') return false;
  return computed || (property.type === 'Identifier' && MUTATORS.has(property.name));
}

/** Child nodes in the order of the text; of a shorthand property the value alone. */
function childrenOf(node: AnyNode): readonly AnyNode[] {
  const children: AnyNode[] = [];
  for (const [field, value] of Object.entries(node)) {
    if (field === 'key' && 'shorthand' in node && node.shorthand) continue;
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof (item as AnyNode | null)?.type === 'string') children.push(item as AnyNode);
    }
  }
  return children.sort((a, b) => a.start - b.start);
}

const nameOf = ({ declaration }: ExportDefaultDeclaration): string | null =>
  (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
  declaration.id !== null
    ? declaration.id.name
    : null;

/** The local name that a list exports as the default, or null. */
function defaultAmong({ specifiers }: ExportNamedDeclaration): string | null {
  for (const { exported, local } of specifiers) {
    const name = exported.type === 'Identifier' ? exported.name : exported.value;
    if (name === 'default' && local.type === 'Identifier') return local.name;
  }
  return null;
}
