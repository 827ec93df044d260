/**
 * Booting: from an empty machine to a mounted tree in which programs can be spawned.
 *
 * Mounts the root (the embedded image in RAM, or a host folder or an archive under a RAM overlay), /proc, /dev, /sys and the caller's
 * folders, and lists the built-in modules under /lib/modules for modprobe. Runs before any guest does.
 */
import { EEXIST, EINVAL, EOPNOTSUPP, ERRNO_NAMES, EUCLEAN } from '../abi/linux/errno.ts';
import { SECTOR } from '../contracts/block.ts';
import { type Kernel as KernelRecord, WAIT } from '../contracts/kernel.ts';
import { embeddedImage } from '../image/embedded.ts';
import { type ImageEntry, populate, type Settle } from '../image/populate.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import { bytesOf, toByteString } from '../lib/utf8.ts';
import { builtinModuleFile } from '../nucleus/module-control.ts';
import type { Nucleus } from '../nucleus/nucleus.ts';
import type { KernelHost } from './host.ts';
import type { BootOptions, DiskOption, MountOption } from './options.ts';

const INIT = 1;
const S_IFDIR = 0o040_000;

/** A boot that failed: what could not be mounted, and why. */
export class BootError extends Error {
  constructor(what: string, error: number) {
    super(`${what}: ${ERRNO_NAMES[-error] ?? `error ${-error}`}`);
    this.name = 'BootError';
  }
}

/** Mount everything. @param settle runs an operation until it does not wait for the host */
export async function mountAll(
  nucleus: Nucleus,
  host: KernelHost,
  options: BootOptions,
  settle: Settle,
): Promise<void> {
  const { kernel } = nucleus;
  for (const disk of options.disks ?? []) addDisk(kernel, host, disk);
  const root = await mountRoot(kernel, host, options.root ?? null, settle);
  kernel.process.thread(kernel.process.boot(kernel.vm.create(), root, 0, 0)).name = 'init';
  if (options.root === undefined)
    await populate(kernel, settle, await embeddedImage((name) => host.asset(name)));
  for (const [type, path, mountOptions] of [
    ['proc', '/proc', ''],
    ['sys', '/sys', ''],
    ['dev', '/dev', ''],
    ['ram', '/dev/shm', 'mode=1777'],
  ] as const) {
    await mountAt(kernel, settle, type, '', path, mountOptions, false);
  }
  await populate(kernel, settle, moduleFiles(nucleus));
  for (const mount of options.mounts ?? []) await mountFolder(kernel, host, settle, mount);
}

async function mountRoot(
  kernel: KernelRecord,
  host: KernelHost,
  folder: string | null,
  settle: Settle,
): Promise<number> {
  if (folder === null)
    return check('mount the root', await settle(() => kernel.vfs.mountRoot('ram', '', '')));
  const packed = ARCHIVE.test(folder);
  const type = packed ? 'tar' : 'host';
  const source = packed ? await addArchive(kernel, host, folder) : String(host.grant(folder, true));
  const mounted = await settle(() => kernel.vfs.mountHidden(type, source, 'ro'));
  const lower = check(`mount ${folder}`, mounted, packed);
  return check('mount the overlay', await settle(() => kernel.vfs.mountRoot('overlay', String(lower), '')));
}

/** Names of roots that are archives. */
const ARCHIVE = /\.(tar|tar\.gz|tgz)$/;
/** Disks of archives are named so, with a number behind it. */
const ARCHIVE_DISK = 'tar';

/** A disk over an archive of the host's. @returns its device */
async function addArchive(kernel: KernelRecord, host: KernelHost, file: string): Promise<string> {
  const { grant, size } = await host.grantArchive(file);
  let number = 1;
  while (kernel.block.find(`${ARCHIVE_DISK}${number}`) !== 0) number++;
  const name = `${ARCHIVE_DISK}${number}`;
  const sectors = Math.floor(size / SECTOR);
  const spec = { name, sectors, readOnly: true, store: 'host', grant, timed: false } as const;
  check(`archive ${file}`, kernel.block.addDisk(spec), true);
  return `/dev/${name}`;
}

function addDisk(kernel: KernelRecord, host: KernelHost, disk: DiskOption): void {
  const { name, readOnly = false, timed = false } = disk;
  const spec = { name: toByteString(name), readOnly, timed };
  let added: number;
  if ('file' in disk) {
    const { grant, size } = host.grantFile(disk.file, readOnly);
    added = kernel.block.addDisk({ ...spec, store: 'host', grant, sectors: Math.floor(size / SECTOR) });
  } else if ('outside' in disk) {
    const grant = host.grantMemory(disk.outside);
    added = kernel.block.addDisk({
      ...spec,
      store: 'host',
      grant,
      sectors: Math.floor(disk.outside / SECTOR),
    });
  } else {
    added = kernel.block.addDisk({
      ...spec,
      store: 'ram',
      grant: -1,
      sectors: Math.floor(disk.ram / SECTOR),
    });
  }
  if (added === -EINVAL)
    throw new BootError(
      `disk ${name}: a name is a letter, then letters and digits, and a disk has a sector`,
      added,
    );
  check(`disk ${name}`, added);
}

async function mountFolder(
  kernel: KernelRecord,
  host: KernelHost,
  settle: Settle,
  mount: MountOption,
): Promise<void> {
  const readOnly = mount.readOnly ?? false;
  if ('disk' in mount) {
    const source = `/dev/${toByteString(mount.disk)}`;
    await mountAt(kernel, settle, 'ext2', source, toByteString(mount.guest), readOnly ? 'ro' : '', readOnly);
    return;
  }
  if ('archive' in mount) {
    const archive = await addArchive(kernel, host, mount.archive);
    await mountAt(kernel, settle, 'tar', archive, toByteString(mount.guest), 'ro', true, mount.archive);
    return;
  }
  const source = String(host.grant(mount.host, readOnly));
  await mountAt(kernel, settle, 'host', source, toByteString(mount.guest), readOnly ? 'ro' : '', readOnly);
}

/** Mount a file system at a path whose folders are made if absent. */
async function mountAt(
  kernel: KernelRecord,
  settle: Settle,
  type: string,
  source: string,
  path: string,
  options: string,
  readOnly: boolean,
  archive?: string,
): Promise<void> {
  for (let at = path.indexOf('/', 1); ; at = path.indexOf('/', at + 1)) {
    const part = at < 0 ? path : path.slice(0, at);
    const made = await settle(() => kernel.vfs.make(INIT, 0, part, S_IFDIR | 0o755, 0));
    // Where it can not be made it may still be there: mount says what is wrong.
    if (made < 0 && made !== -EEXIST && at < 0 && NEEDS_FOLDER.has(type)) check(`make ${part}`, made);
    if (at < 0) break;
  }
  check(
    archive === undefined ? `mount ${type} at ${path}` : `mount ${archive} at ${path}`,
    await settle(() => kernel.vfs.mount(INIT, type, source, path, options, readOnly)),
    archive !== undefined,
  );
}

/** What the caller asked for, which must have a place. */
const NEEDS_FOLDER: ReadonlySet<string> = new Set(['host', 'ext2', 'tar']);

/** Why an archive was refused. */
const REFUSALS: Readonly<Record<number, string>> = {
  [EINVAL]: 'it is no tar archive (of the compressed ones only gzip is unpacked)',
  [EUCLEAN]: 'the archive is damaged or was cut short',
  [EOPNOTSUPP]: 'the archive has sparse files or is one of several volumes',
};

/** @param archive an error is one of an archive */
function check(what: string, result: number, archive = false): number {
  const why = archive ? REFUSALS[-result] : undefined;
  if (result < 0) throw new BootError(why === undefined ? what : `${what}: ${why}`, result);
  return result;
}

/** Built-in modules as modprobe(8) finds them: files that name them, and modules.dep. */
function moduleFiles(nucleus: Nucleus): readonly ImageEntry[] {
  const folder = `/lib/modules/${nucleus.kernel.settings.release}`;
  const entries: ImageEntry[] = ['/lib', '/lib/modules', folder, `${folder}/kernel`].map((path) => ({
    type: 'directory',
    path,
    mode: 0o755,
  }));
  const slots = new Set<string>();
  let dependencies = '';
  for (const { module } of nucleus.registry.all()) {
    const { slot, name } = module.manifest;
    // A name stands for the newest of its versions.
    if (nucleus.registry.find(slot, name)?.module !== module) continue;
    if (!slots.has(slot)) {
      slots.add(slot);
      entries.push({ type: 'directory', path: `${folder}/kernel/${slot}`, mode: 0o755 });
    }
    const file = `kernel/${slot}/${nucleus.registry.guestName(module)}.ko`;
    dependencies += `${file}:\n`;
    entries.push({
      type: 'file',
      path: `${folder}/${file}`,
      mode: 0o644,
      bytes: bytesOf(builtinModuleFile(module)),
    });
  }
  entries.push({ type: 'file', path: `${folder}/modules.dep`, mode: 0o644, bytes: bytesOf(dependencies) });
  return entries;
}

/**
 * Runs an operation until it does not wait, letting the host complete requests in between, and timed disks take their time.
 * @param sleep waits out some ns of host time
 */
export function settler(
  nucleus: Nucleus,
  completion: () => Promise<void>,
  sleep: (ns: number) => Promise<void> = () => Promise.resolve(),
): Settle {
  return async (operation) => {
    for (;;) {
      nucleus.waits.begin();
      const result = nucleus.attempt(operation);
      if (result !== WAIT) return result;
      if (nucleus.host.pending(false) > 0) await completion();
      else {
        const left = nucleus.dispatcher.advance();
        if (left < 0) throw new KernelFault('an operation waits and nothing can wake it');
        if (left > 0) await sleep(left);
      }
      nucleus.dispatcher.deliver();
    }
  };
}
