/**
 * A fixed tree of generated files, built from a table of paths.
 *
 * Inode numbers are the places in the table's tree, the root being 1, so that they are the same in every instance. A table
 * may leave directories whose entries are somebody else's business. Holds no state.
 */
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../abi/linux/stat.ts';
import type { SyntheticEntry } from './synthetic-file-system.ts';

/** One file of the table. Context is what its text is made from. */
export interface TextRow<Context> {
  /** Below the root, with `/`. */
  readonly path: string;
  /** Permission bits, with S_IFDIR for a directory. */
  readonly mode: number;
  /** A symlink's target, or '' for a regular file. */
  readonly target: string;
  readonly text: (context: Context) => string;
}

export interface TextNode<Context> {
  readonly ino: number;
  readonly name: string;
  readonly mode: number;
  readonly children: Map<string, TextNode<Context>>;
  readonly row: TextRow<Context> | null;
}

export interface TextTree<Context> {
  readonly root: TextNode<Context>;
  /** By inode number. */
  readonly nodes: ReadonlyMap<number, TextNode<Context>>;
}

export const file = <Context>(
  path: string,
  text: (context: Context) => string,
  mode = 0o444,
): TextRow<Context> => ({ path, mode, target: '', text });

/** A setting: it can be written where `mode` lets it. */
export const setting = <Context>(path: string, value: string): TextRow<Context> => ({
  path,
  mode: 0o644,
  target: '',
  text: () => `${value}\n`,
});

export const link = <Context>(path: string, target: string): TextRow<Context> => ({
  path,
  mode: 0o777,
  target,
  text: () => '',
});

/** A directory without rows of its own, such as one whose entries are made elsewhere. */
export const directory = <Context>(path: string): TextRow<Context> => ({
  path,
  mode: S_IFDIR | 0o555,
  target: '',
  text: () => '',
});

export function textTree<Context>(rows: readonly TextRow<Context>[]): TextTree<Context> {
  const nodes = new Map<number, TextNode<Context>>();
  const add = (name: string, mode: number, row: TextRow<Context> | null): TextNode<Context> => {
    const node: TextNode<Context> = { ino: nodes.size + 1, name, mode, children: new Map(), row };
    nodes.set(node.ino, node);
    return node;
  };
  const root = add('', S_IFDIR | 0o555, null);
  for (const row of rows) {
    const parts = row.path.split('/');
    let at = root;
    for (const [i, name] of parts.entries()) {
      const last = i === parts.length - 1;
      const type = row.mode & S_IFMT || (row.target === '' ? S_IFREG : S_IFLNK);
      const child: TextNode<Context> =
        at.children.get(name) ?? (last ? add(name, type | row.mode, row) : add(name, S_IFDIR | 0o555, null));
      at.children.set(name, child);
      at = child;
    }
  }
  return { root, nodes };
}

/** The entries of a directory of the tree; their cookies are their inode numbers. */
export const nodeEntries = <Context>(node: TextNode<Context>): SyntheticEntry[] =>
  [...node.children.values()]
    .map(({ name, ino, mode }) => ({ name, ino, type: mode & S_IFMT, cookie: ino }))
    .sort((a, b) => a.cookie - b.cookie);

export const nodeLinks = <Context>(node: TextNode<Context>): number =>
  (node.mode & S_IFMT) === S_IFDIR
    ? 2 + [...node.children.values()].filter((child) => (child.mode & S_IFMT) === S_IFDIR).length
    : 1;
