import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EINVAL } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import {
  createStat,
  FILL_HOLE,
  type FileSystem,
  FS_REFILLS,
  SB_SHIFT,
} from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { NO_BACKING, treeFileSystem } from '../../../lib/tree-file-system.ts';
import { type FakeFsKernel, fakeFsKernel, readFile, writeFile } from '../../../testing/fake-fs-kernel.ts';
import { commands, compare, execute, type Subject, settle } from '../../../testing/fs-commands.ts';
import { newNode } from '../../../testing/fs-model.ts';
import { overlayFilesystem } from './module.ts';
import type { OverlayState } from './state.ts';

const LOWER_ROOT = SB_SHIFT + 1;

const PAGE = 4096;

interface Lower {
  readonly cell: FileSystem;
  /** From now on it waits before it gives an answer for the first time, reads ahead, and can not be changed. */
  freeze(): void;
  /** Drop what it read ahead. */
  forget(): void;
}

function lowerOn(fake: FakeFsKernel): Lower {
  const { pagecache, frames, machine } = fake.kernel;
  const ram = treeFileSystem({ trees: new Map() }, fake.kernel, { ...NO_BACKING, magic: 0 });
  fake.cells['lower'] = ram;
  fake.types.set(1, 'lower');
  expect(ram.mount(1, '', '')).toBe(LOWER_ROOT);
  /** What the store behind it has: inode to page index to bytes. */
  const store = new Map<number, Map<number, Uint8Array>>();
  const waited = new Set<string>();
  const first = (key: string): boolean => !waited.has(key) && waited.add(key) !== undefined;
  const refuse = (): never => {
    throw new Error('the lower file system was changed');
  };
  const keep = (directory: number): void => {
    const entries = ram.list(0, directory, 0, 1000);
    for (const { inode, type } of typeof entries === 'number' ? [] : entries) {
      if (type === S_IFDIR) keep(inode);
      const pages = pagecache.indices(inode).map((index): [number, Uint8Array] => {
        const frame = pagecache.find(inode, index);
        return [index, machine.u8.slice(frame * PAGE, (frame + 1) * PAGE)];
      });
      if (pages.length > 0) store.set(inode, new Map(pages));
      pagecache.truncate(inode, 0);
    }
  };
  const readAhead = (inode: number): void => {
    for (const [index, bytes] of store.get(inode) ?? []) {
      if (pagecache.find(inode, index) !== 0) continue;
      const frame = frames.alloc(false, 0);
      machine.u8.set(bytes, frame * PAGE);
      pagecache.insert(inode, index, frame);
      frames.unref(frame);
    }
  };
  return {
    cell: ram,
    forget() {
      for (const inode of store.keys()) pagecache.truncate(inode, 0);
    },
    freeze() {
      keep(LOWER_ROOT);
      fake.cells['lower'] = {
        ...ram,
        capabilities: (sb) => ram.capabilities(sb) | FS_REFILLS,
        stat: (id, into) => (first(`stat ${id}`) ? WAIT : ram.stat(id, into)),
        readlink: (tid, id) => (first(`readlink ${id}`) ? WAIT : ram.readlink(tid, id)),
        list: (tid, id, cookie, limit) =>
          first(`list ${id} ${cookie}`) ? WAIT : ram.list(tid, id, cookie, limit),
        fill(id, index, frame) {
          const bytes = store.get(id)?.get(index);
          if (bytes === undefined) return FILL_HOLE;
          if (first(`fill ${id}`)) {
            readAhead(id);
            return WAIT;
          }
          machine.u8.set(bytes, frame * PAGE);
          return 0;
        },
        create: refuse,
        link: refuse,
        unlink: refuse,
        rename: refuse,
        setAttributes: refuse,
        written: refuse,
      };
    },
  };
}

interface Overlay extends Subject {
  readonly root: number;
}

function overlayOn(fake: FakeFsKernel): Overlay {
  const schema = overlayFilesystem.layout.versions.at(-1)?.schema as Schema<OverlayState>;
  let state = overlayFilesystem.layout.create();
  const attach = (): void => {
    fake.cells['overlay'] = overlayFilesystem.create(state, fake.kernel);
  };
  attach();
  fake.types.set(2, 'overlay');
  const cell = (): FileSystem => fake.cells['overlay'] as FileSystem;
  return {
    fake,
    root: cell().mount(2, '1', ''),
    cell,
    transfer() {
      schema.check(state, 'overlay');
      expect(overlayFilesystem.layout.verify?.(state)).toBeNull();
      state = decode(schema, encode(schema, state).slice());
      attach();
    },
  };
}

describe('filesystem/overlay', () => {
  test('does what the model does over any lower tree, and never writes to that', () => {
    fc.assert(
      fc.property(commands(), commands(), (below, above) => {
        const fake = fakeFsKernel(400);
        const lower = lowerOn(fake);
        const root = newNode(S_IFDIR, 0o755, null);
        const lowerSubject = { fake, cell: () => lower.cell, transfer: () => undefined };
        execute(lowerSubject, root, new Map([[root, LOWER_ROOT]]), below);
        lower.freeze();
        const used = fake.freeFrames();

        const overlay = overlayOn(fake);
        const ids = new Map([[root, overlay.root]]);
        // Half of the runs begin with everything known, half with nothing but the root.
        if (above.length % 2 === 0) compare(overlay, root, overlay.root, ids);
        else learn(overlay, root, overlay.root, ids);
        execute(overlay, root, ids, above);
        overlay.cell().unmount(2);
        lower.forget();
        expect(fake.freeFrames()).toBe(used);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('copies pages of its own, and a cut file does not get the lower bytes back', () => {
    const fake = fakeFsKernel();
    const lower = lowerOn(fake);
    const below = lower.cell.create(LOWER_ROOT, 'f', S_IFREG | 0o644, 0, 0, 0);
    writeFile(fake, below, 0, new Uint8Array(9000).fill(7));
    lower.freeze();
    const { cell, root } = overlayOn(fake);
    const file = settle(() => cell().lookup(0, root, 'f'));
    settle(() => cell().setAttributes(file, { size: 5000 }));
    settle(() => cell().setAttributes(file, { size: 9000 }));
    settle(() => writeFile(fake, file, 0, new Uint8Array([1, 2])));
    const expected = new Uint8Array(9000).fill(7, 0, 5000);
    expected.set([1, 2]);
    expect(settle(() => readFile(fake, file, 9000))).toEqual(expected);
    expect(readFile(fake, below, 9000)).toEqual(new Uint8Array(9000).fill(7));
  });

  test('takes over what the lower file system read ahead, unless somebody holds it', () => {
    for (const held of [false, true]) {
      const fake = fakeFsKernel();
      const lower = lowerOn(fake);
      const below = lower.cell.create(LOWER_ROOT, 'f', S_IFREG | 0o644, 0, 0, 0);
      writeFile(fake, below, 0, new Uint8Array(9000).fill(7));
      lower.freeze();
      const before = fake.freeFrames();
      const { cell, root } = overlayOn(fake);
      const file = settle(() => cell().lookup(0, root, 'f'));
      expect(settle(() => cell().stat(file, createStat()))).toBe(0);
      expect(fake.kernel.pagecache.get(file, 0, false)).toBe(WAIT);
      if (held) fake.kernel.frames.ref(fake.kernel.pagecache.find(below, 1));
      expect(readFile(fake, file, 9000)).toEqual(new Uint8Array(9000).fill(7));
      expect(before - fake.freeFrames()).toBe(held ? 6 : 3);
      writeFile(fake, file, 4096, new Uint8Array([1]));
      expect(readFile(fake, below, 9000)).toEqual(new Uint8Array(9000).fill(7));
    }
  });

  test('leaves the pages of a lower file system that has them nowhere else', () => {
    const fake = fakeFsKernel();
    const lower = lowerOn(fake);
    const below = lower.cell.create(LOWER_ROOT, 'f', S_IFREG | 0o644, 0, 0, 0);
    writeFile(fake, below, 0, new Uint8Array(9000).fill(7));
    const { cell, root } = overlayOn(fake);
    const file = cell().lookup(0, root, 'f');
    writeFile(fake, file, 0, new Uint8Array([1]));
    expect(readFile(fake, below, 9000)).toEqual(new Uint8Array(9000).fill(7));
  });

  test('a directory whose names are not known does not claim to have no subdirectories', () => {
    const fake = fakeFsKernel();
    const lower = lowerOn(fake);
    lower.cell.create(lower.cell.create(LOWER_ROOT, 'd', S_IFDIR, 0, 0, 0), 'sub', S_IFDIR, 0, 0, 0);
    const { cell, root } = overlayOn(fake);
    const directory = cell().lookup(0, root, 'd');
    const stat = createStat();
    cell().stat(directory, stat);
    expect(stat.links).toBe(1);
    cell().lookup(0, directory, 'x');
    cell().stat(directory, stat);
    expect(stat.links).toBe(3);
  });

  test('refuses a source that is no superblock', () => {
    const fake = fakeFsKernel();
    lowerOn(fake);
    const cell = overlayFilesystem.create(overlayFilesystem.layout.create(), fake.kernel);
    for (const source of ['', 'x', '9']) expect(cell.mount(2, source, '')).toBe(-EINVAL);
  });
});

/** Learn the ids of all nodes by looking names up, which loads names but no attributes. */
function learn(
  subject: Subject,
  node: ReturnType<typeof newNode>,
  id: number,
  ids: Map<typeof node, number>,
): void {
  ids.set(node, id);
  for (const [name, child] of node.children) {
    learn(
      subject,
      child,
      settle(() => subject.cell().lookup(0, id, name)),
      ids,
    );
  }
}
