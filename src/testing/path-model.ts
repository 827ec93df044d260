/**
 * A model of names in the plainest terms: a tree of nodes, and path resolution as path_resolution(7) tells it.
 *
 * Recursive where the vfs iterates, and without a cache, so that the two share no mistake. Used by the tests of vfs.
 */
import { ELOOP, ENOENT, ENOTDIR } from '../abi/linux/errno.ts';

export interface ModelNode {
  readonly kind: 'directory' | 'file' | 'symlink';
  readonly id: number;
  parent: ModelNode | null;
  readonly children: Map<string, ModelNode>;
  readonly target: string;
}

export const modelNode = (
  kind: ModelNode['kind'],
  id: number,
  parent: ModelNode | null,
  target = '',
): ModelNode => ({ kind, id, parent, children: new Map(), target });

const MAX_LINKS = 40;

/** Resolve `path` from `at` for a process whose root is `root`. @returns a node or -errno */
export function modelResolve(
  root: ModelNode,
  at: ModelNode,
  path: string,
  follow: boolean,
  budget: { links: number } = { links: MAX_LINKS },
): ModelNode | number {
  if (path === '') return -ENOENT;
  const absolute = path.startsWith('/');
  const parts = path.split('/').filter((part) => part !== '');
  const mustBeDirectory = path.endsWith('/');
  let here: ModelNode | number = absolute ? root : at;
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    here = step(root, here, part, !last || follow || mustBeDirectory, budget);
    if (typeof here === 'number') return here;
    if (!last && here.kind !== 'directory') return -ENOTDIR;
  }
  return mustBeDirectory && here.kind !== 'directory' ? -ENOTDIR : here;
}

function step(
  root: ModelNode,
  here: ModelNode,
  part: string,
  follow: boolean,
  budget: { links: number },
): ModelNode | number {
  if (here.kind !== 'directory') return -ENOTDIR;
  if (part === '.') return here;
  if (part === '..') return here === root ? here : (here.parent ?? here);
  const child = here.children.get(part);
  if (child === undefined) return -ENOENT;
  if (child.kind !== 'symlink' || !follow) return child;
  if (budget.links-- === 0) return -ELOOP;
  return modelResolve(root, here, child.target, true, budget);
}
