import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EACCES, EBUSY, ELOOP, ENAMETOOLONG, ENODEV, ENOENT, ENOTDIR } from '../../../abi/linux/errno.ts';
import { O_CREAT, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import { type FakeVfs, fakeVfs, TID } from '../../../testing/fake-vfs-kernel.ts';
import { type ModelNode, modelNode, modelResolve } from '../../../testing/path-model.ts';
import { ramFilesystem } from '../../filesystem/ram/module.ts';
import { IDLE_LIMIT } from './dentries.ts';
import { dentryVfs } from './module.ts';

function boot(): FakeVfs {
  const fake = fakeVfs(dentryVfs, {
    ram: (kernel) => ramFilesystem.create(ramFilesystem.layout.create(), kernel),
  });
  fake.boot('ram');
  return fake;
}

const NAMES = ['a', 'b', 'c'] as const;
const component = fc.constantFrom(...NAMES, '.', '..', '..');
const path = fc
  .tuple(
    fc.boolean(),
    fc.array(component, { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.constantFrom('/', '//'),
  )
  .map(([absolute, parts, slash, glue]) => `${absolute ? glue : ''}${parts.join(glue)}${slash ? '/' : ''}`);

interface Entry {
  readonly kind: 'directory' | 'file' | 'symlink';
  readonly under: number;
  readonly name: string;
  readonly target: string;
}
const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom('directory', 'directory', 'file', 'symlink', 'symlink'),
  under: fc.nat(20),
  name: fc.constantFrom(...NAMES),
  target: path,
});

/** Build the same tree in the vfs and in the model. @returns directories of the model with their absolute paths */
function build(fake: FakeVfs, entries: readonly Entry[]): [ModelNode, string][] {
  const root = modelNode('directory', 0, null);
  const directories: [ModelNode, string][] = [[root, '']];
  for (const { kind, under, name, target } of entries) {
    const [parent, prefix] = directories[under % directories.length] as [ModelNode, string];
    if (parent.children.has(name)) continue;
    const full = `${prefix}/${name}`;
    let made: number;
    if (kind === 'symlink') made = fake.vfs().symlink(TID, target, 0, full);
    else made = fake.vfs().make(TID, 0, full, (kind === 'directory' ? S_IFDIR : S_IFREG) | 0o777, 0);
    expect(made).toBe(0);
    const dentry = fake.vfs().resolve(TID, 0, full, false);
    const node = modelNode(kind, fake.vfs().dentryInode(dentry), parent, target);
    fake.vfs().releaseDentry(dentry);
    parent.children.set(name, node);
    if (kind === 'directory') directories.push([node, full]);
  }
  return directories;
}

describe('path walking', () => {
  test('agrees with path_resolution(7) from any directory and below any root', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 14 }),
        fc.nat(20),
        fc.nat(20),
        fc.array(fc.tuple(path, fc.boolean()), { maxLength: 12 }),
        (entries, rootAt, cwdAt, paths) => {
          const fake = boot();
          const directories = build(fake, entries);
          const [root, rootPath] = directories[rootAt % directories.length] as [ModelNode, string];
          const inside = directories.filter(
            ([, where]) => where === rootPath || where.startsWith(`${rootPath}/`),
          );
          const [cwd, cwdPath] = inside[cwdAt % inside.length] as [ModelNode, string];
          const rootDentry = fake.vfs().resolve(TID, 0, `${rootPath}/`, true);
          const cwdDentry = fake.vfs().resolve(TID, 0, `${cwdPath}/`, true);
          const process = fake.addProcess(2);
          Object.assign(process.place, { root: rootDentry, cwd: cwdDentry });
          for (const [text, follow] of paths) {
            const expected = modelResolve(root, cwd, text, follow);
            const found = fake.vfs().resolve(2, 0, text, follow);
            fake.transfer();
            if (typeof expected === 'number') {
              expect([text, found]).toEqual([text, expected]);
              continue;
            }
            expect([text, found > 0]).toEqual([text, true]);
            const inode = fake.vfs().dentryInode(found);
            if (expected.parent !== null) expect([text, inode]).toEqual([text, expected.id]);
            fake.vfs().releaseDentry(found);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('follows 40 symlinks and refuses the 41st', () => {
    const fake = boot();
    fake.vfs().make(TID, 0, '/end', S_IFREG | 0o600, 0);
    for (let i = 0; i < 42; i++) fake.vfs().symlink(TID, i === 0 ? 'end' : `l${i - 1}`, 0, `/l${i}`);
    expect(fake.vfs().access(TID, 0, '/l39', 0, false, true)).toBe(0);
    expect(fake.vfs().access(TID, 0, '/l40', 0, false, true)).toBe(-ELOOP);
    fake.vfs().symlink(TID, 'self', 0, '/self');
    expect(fake.vfs().access(TID, 0, '/self', 0, false, true)).toBe(-ELOOP);
  });

  test('knows the limits of names and paths', () => {
    const fake = boot();
    const longest = 'n'.repeat(255);
    expect(fake.vfs().make(TID, 0, `/${longest}`, S_IFREG | 0o600, 0)).toBe(0);
    expect(fake.vfs().access(TID, 0, `/${longest}`, 0, false, true)).toBe(0);
    expect(fake.vfs().make(TID, 0, `/${longest}n`, S_IFREG | 0o600, 0)).toBe(-ENAMETOOLONG);
    expect(fake.vfs().access(TID, 0, '/'.repeat(4095), 0, false, true)).toBe(0);
    expect(fake.vfs().access(TID, 0, '/'.repeat(4096), 0, false, true)).toBe(-ENAMETOOLONG);
    expect(fake.vfs().access(TID, 0, '', 0, false, true)).toBe(-ENOENT);
  });

  test('asks for search permission in every directory on the way, and only there', () => {
    const fake = boot();
    fake.vfs().make(TID, 0, '/closed', S_IFDIR | 0o700, 0);
    fake.vfs().make(TID, 0, '/closed/open', S_IFDIR | 0o777, 0);
    fake.become(TID, 1000, 1000);
    expect(fake.vfs().access(TID, 0, '/closed', 0, false, true)).toBe(0);
    expect(fake.vfs().access(TID, 0, '/closed/open', 0, false, true)).toBe(-EACCES);
    expect(fake.vfs().access(TID, 0, '/closed/.', 0, false, true)).toBe(-EACCES);
    expect(fake.vfs().access(TID, 0, '/closed/..', 0, false, true)).toBe(-EACCES);
  });

  test('keeps few idle dentries, and none after the names are gone', () => {
    const fake = boot();
    for (let i = 0; i < 600; i++) expect(fake.vfs().make(TID, 0, `/f${i}`, S_IFREG | 0o600, 0)).toBe(0);
    fake.vfs().access(TID, 0, '/', 0, false, true);
    expect(fake.state.idle.size).toBe(IDLE_LIMIT);
    for (let i = 0; i < 600; i++) expect(fake.vfs().unlink(TID, 0, `/f${i}`, false)).toBe(0);
    expect([...fake.state.dentries.keys()]).toEqual([fake.processes.get(TID)?.place.root]);
    expect(fake.state.names.size).toBe(0);
  });
});

describe('mounts', () => {
  test('are entered from what they cover and left to its parent', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/d', S_IFDIR | 0o755, 0);
    vfs.make(TID, 0, '/d/m', S_IFDIR | 0o755, 0);
    vfs.make(TID, 0, '/d/m/hidden', S_IFREG | 0o644, 0);
    expect(vfs.mount(TID, 'nothing', '', '/d/m', '', false)).toBe(-ENODEV);
    expect(vfs.mount(TID, 'ram', '', '/d/m', '', false)).toBe(0);
    expect(vfs.access(TID, 0, '/d/m/hidden', 0, false, true)).toBe(-ENOENT);
    vfs.make(TID, 0, '/d/m/inner', S_IFDIR | 0o755, 0);
    fake.transfer();
    const inner = fake.vfs().resolve(TID, 0, '/d/m/inner', true);
    const outer = fake.vfs().resolve(TID, inner, '../..', true);
    expect(fake.vfs().pathOf(outer, fake.processes.get(TID)?.place.root ?? 0)).toBe('/d');
    expect(fake.vfs().pathOf(inner, fake.processes.get(TID)?.place.root ?? 0)).toBe('/d/m/inner');
    expect(fake.vfs().pathOf(outer, inner)).toBe('(unreachable)/d');
    expect(fake.vfs().unlink(TID, 0, '/d/m', true)).toBe(-EBUSY);
    expect(fake.vfs().unmount(TID, '/d/m', false)).toBe(-EBUSY);
    fake.vfs().releaseDentry(inner);
    fake.vfs().releaseDentry(outer);
    expect(fake.vfs().unmount(TID, '/d/m', false)).toBe(0);
    expect(fake.vfs().access(TID, 0, '/d/m/hidden', 0, false, true)).toBe(0);
    expect(fake.vfs().mounts()).toHaveLength(1);
    fake.transfer();
  });

  test('stack, and one that is detached ends with its last open file', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/m', S_IFDIR | 0o755, 0);
    expect(vfs.mount(TID, 'ram', 'one', '/m', '', false)).toBe(0);
    expect(vfs.mount(TID, 'ram', 'two', '/m', '', false)).toBe(0);
    const file = vfs.open(TID, 0, '/m/f', O_RDWR | O_CREAT, 0o600);
    expect(file).toBeGreaterThan(0);
    expect(vfs.access(TID, 0, '/m/../m/f', 0, false, true)).toBe(0);
    expect(vfs.unmount(TID, '/m', true)).toBe(0);
    expect(vfs.access(TID, 0, '/m/f', 0, false, true)).toBe(-ENOENT);
    expect(vfs.mounts().map(({ source }) => source)).toEqual(['', 'one']);
    fake.transfer();
    expect(fake.state.mounts.size).toBe(3);
    fake.vfs().release(file, 0);
    expect(fake.state.mounts.size).toBe(2);
    expect(fake.vfs().unmount(TID, '/m', false)).toBe(0);
    expect(fake.vfs().mount(TID, 'ram', '', '/m/absent', '', false)).toBe(-ENOENT);
    fake.vfs().make(TID, 0, '/file', S_IFREG | 0o600, 0);
    expect(fake.vfs().mount(TID, 'ram', '', '/file', '', false)).toBe(-ENOTDIR);
  });
});
