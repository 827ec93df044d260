/**
 * Runs commands against a file system and the model of fs-model.ts, and compares every answer and all that is there.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { EISDIR, EINVAL } from '../abi/linux/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../abi/linux/stat.ts';
import { createStat, type FileSystem } from '../contracts/filesystem.ts';
import { WAIT } from '../contracts/kernel.ts';
import { type FakeFsKernel, readFile, writeFile } from './fake-fs-kernel.ts';
import {
  type Command,
  linksOf,
  modelCreate,
  modelExtend,
  modelLink,
  modelRename,
  modelResize,
  modelUnlink,
  modelWrite,
  type Node,
  reachable,
  TYPES,
  typeOf,
} from './fs-model.ts';

const name = (): fc.Arbitrary<string> => fc.constantFrom('a', 'b', 'c');
const index = (): fc.Arbitrary<number> => fc.nat(20);

export const commands = (): fc.Arbitrary<Command[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('create' as const),
          directory: index(),
          name: name(),
          type: fc.constantFrom(...TYPES, S_IFDIR, S_IFDIR),
        }),
      },
      fc.record({
        kind: fc.constant('symlink' as const),
        directory: index(),
        name: name(),
        target: fc.constantFrom('a', '../b', '/x/y'),
      }),
      fc.record({ kind: fc.constant('link' as const), directory: index(), name: name(), node: index() }),
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('unlink' as const),
          directory: index(),
          name: name(),
          asDirectory: fc.boolean(),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('rename' as const),
          from: index(),
          name: name(),
          to: index(),
          toName: name(),
          flags: fc.constantFrom(0, 0, 1, 2, 3, 4),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('write' as const),
          node: index(),
          offset: fc.constantFrom(0, 1, 100, 4090, 4096, 9000),
          length: fc.constantFrom(1, 10, 4096, 5000),
          byte: fc.integer({ min: 1, max: 255 }),
        }),
      },
      fc.record({
        kind: fc.constant('truncate' as const),
        node: index(),
        size: fc.constantFrom(0, 1, 50, 4096, 4100, 12000),
      }),
      fc.record({ kind: fc.constant('chmod' as const), node: index(), mode: fc.nat(0o7777) }),
      fc.record({
        kind: fc.constant('extend' as const),
        node: index(),
        name: fc.constantFrom('user.a', 'user.longer', 'security.b'),
        value: fc.constantFrom(null, '', 'short', 'longer than that'),
        flags: fc.constantFrom(0, 0, 1, 2),
      }),
      fc.record({ kind: fc.constant('pin' as const), node: index() }),
      fc.record({ kind: fc.constant('unpin' as const), node: index() }),
      { weight: 2, arbitrary: fc.constant({ kind: 'transfer' as const }) },
    ),
    { maxLength: 60, size: 'max' },
  );

/** Run an operation again until it no longer waits. @param idle what goes on meanwhile */
export function settle<T>(operation: () => T | number, idle?: () => void): T | number {
  for (let i = 0; i < 1000; i++) {
    const answer = operation();
    if (answer !== WAIT) return answer;
    idle?.();
  }
  throw new Error('the operation waits for ever');
}

export interface Subject {
  readonly fake: FakeFsKernel;
  /** The operations now; `transfer` makes new ones. */
  cell(): FileSystem;
  /** Send the state through bytes into a fresh instance, after a check of its invariants. */
  transfer(): void;
  /** Called while an operation waits. */
  idle?(): void;
}

const settler =
  (subject: Subject) =>
  <T>(operation: () => T | number): T | number =>
    settle(operation, () => subject.idle?.());

/** Everything the file system shows agrees with the model. */
export function compare(subject: Subject, node: Node, id: number, ids: Map<Node, number>): void {
  const stat = createStat();
  const settled = settler(subject);
  ids.set(node, id);
  expect(settled(() => subject.cell().stat(id, stat))).toBe(0);
  expect(typeOf(stat.mode)).toBe(node.type);
  expect(stat.mode & 0o7777).toBe(node.mode);
  if (node.type === S_IFLNK) expect(settled(() => subject.cell().readlink(0, id))).toBe(node.target);
  if (node.type === S_IFREG) {
    expect(stat.size).toBe(node.bytes.length);
    const bytes = settled(() => readFile(subject.fake, id, node.bytes.length));
    expect(bytes).toEqual(node.bytes);
  }
  if (node.type === S_IFDIR) {
    const entries = settled(() => subject.cell().list(0, id, 0, 100));
    if (typeof entries === 'number') throw new Error(`list answered ${entries}`);
    expect(entries.map((entry) => entry.name).sort()).toEqual([...node.children.keys()].sort());
    for (const entry of entries) {
      const child = node.children.get(entry.name) as Node;
      expect(entry.type).toBe(child.type);
      expect(settled(() => subject.cell().lookup(0, id, entry.name))).toBe(entry.inode);
      expect(ids.get(child) ?? entry.inode).toBe(entry.inode);
      compare(subject, child, entry.inode, ids);
    }
    settled(() => subject.cell().stat(id, stat));
  }
  expect(stat.links).toBe(linksOf(node));
  if (subject.cell().listExtended === undefined) return;
  const names = settled(() => subject.cell().listExtended?.(id) ?? 0);
  if (typeof names === 'number') throw new Error(`listExtended answered ${names}`);
  expect(names.sort()).toEqual([...node.extended.keys()].sort());
  for (const name of names) {
    const value = settled(() => subject.cell().getExtended?.(id, name) ?? 0);
    expect(String.fromCharCode(...(value as Uint8Array))).toBe(node.extended.get(name));
  }
}

/** @param ids where the model's nodes are in the file system, as far as is known */
export function execute(
  subject: Subject,
  root: Node,
  ids: Map<Node, number>,
  list: readonly Command[],
): void {
  const held: Node[] = [];
  const settled = settler(subject);
  const rootId = ids.get(root) as number;
  for (const command of list) {
    const nodes = [...new Set([...reachable(root), ...held])];
    const directories = nodes.filter((node) => node.type === S_IFDIR);
    const at = (from: Node[], position: number): Node => from[position % from.length] as Node;
    const id = (node: Node): number => ids.get(node) as number;
    const cell = (): FileSystem => subject.cell();
    switch (command.kind) {
      case 'create':
      case 'symlink': {
        const directory = at(directories, command.directory);
        const type = command.kind === 'create' ? command.type : S_IFLNK;
        const made = modelCreate(directory, command.name, type);
        const answer = settled(() =>
          command.kind === 'create'
            ? cell().create(id(directory), command.name, type | 0o640, 1, 2, 0)
            : cell().symlink(id(directory), command.name, command.target, 1, 2),
        );
        if (typeof made === 'number') expect(answer).toBe(made);
        else {
          if (command.kind === 'symlink') made.target = command.target;
          ids.set(made, answer);
        }
        break;
      }
      case 'link': {
        const directory = at(directories, command.directory);
        const node = at(nodes, command.node);
        expect(settled(() => cell().link(id(directory), command.name, id(node)))).toBe(
          modelLink(directory, command.name, node),
        );
        break;
      }
      case 'unlink': {
        const directory = at(directories, command.directory);
        expect(settled(() => cell().unlink(id(directory), command.name, command.asDirectory))).toBe(
          modelUnlink(directory, command.name, command.asDirectory),
        );
        break;
      }
      case 'rename': {
        const [from, to] = [at(directories, command.from), at(directories, command.to)];
        expect(
          settled(() => cell().rename(id(from), command.name, id(to), command.toName, command.flags)),
        ).toBe(modelRename(from, command.name, to, command.toName, command.flags));
        break;
      }
      case 'write': {
        const node = at(nodes, command.node);
        if (node.type !== S_IFREG) break;
        const bytes = new Uint8Array(command.length).fill(command.byte);
        expect(settled(() => writeFile(subject.fake, id(node), command.offset, bytes))).toBe(0);
        modelWrite(node, command.offset, command.length, command.byte);
        break;
      }
      case 'truncate': {
        const node = at(nodes, command.node);
        const answer = settled(() => cell().setAttributes(id(node), { size: command.size }));
        if (node.type === S_IFREG) {
          expect(answer).toBe(0);
          modelResize(node, command.size);
        } else expect(answer).toBe(node.type === S_IFDIR ? -EISDIR : -EINVAL);
        break;
      }
      case 'chmod': {
        const node = at(nodes, command.node);
        expect(settled(() => cell().setAttributes(id(node), { mode: command.mode }))).toBe(0);
        node.mode = command.mode & ~0o2000;
        settled(() => cell().setAttributes(id(node), { mode: node.mode }));
        break;
      }
      case 'extend': {
        const node = at(nodes, command.node);
        const { name: attribute, value, flags } = command;
        if (cell().setExtended === undefined) break;
        const bytes = value === null ? null : Uint8Array.from(value, (char) => char.charCodeAt(0));
        const answer = settled(() => cell().setExtended?.(id(node), attribute, bytes, flags) ?? 0);
        expect(answer).toBe(modelExtend(node, attribute, value, flags));
        break;
      }
      case 'pin': {
        const node = at(nodes, command.node);
        cell().pin(id(node));
        held.push(node);
        break;
      }
      case 'unpin': {
        if (held.length === 0) break;
        const node = at(held, command.node);
        held.splice(held.indexOf(node), 1);
        cell().unpin(id(node));
        break;
      }
      case 'transfer':
        subject.transfer();
    }
  }
  subject.transfer();
  for (const node of held) compare(subject, node, ids.get(node) as number, ids);
  for (const node of held) subject.cell().unpin(ids.get(node) as number);
  compare(subject, root, rootId, ids);
  subject.transfer();
}
