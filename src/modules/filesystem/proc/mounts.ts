/**
 * /proc/PID/{mounts,mountinfo}: what is mounted, as a process with its root sees it.
 *
 * Source: proc_pid_mounts(5), proc_pid_mountinfo(5), fstab(5) for the escapes.
 */
import { linuxType } from '../../../abi/linux/mount.ts';
import type { Mount } from '../../../contracts/vfs.ts';
import type { Subject } from './subject.ts';

const escape = (text: string): string =>
  text.replace(/[\\ \t\n]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);

const optionsOf = ({ readOnly, options }: Mount): string => {
  const given = options.split(',').filter((option) => !['', 'ro', 'rw'].includes(option));
  return [readOnly ? 'ro' : 'rw', ...given].join(',');
};

interface Place {
  readonly mount: Mount;
  readonly path: string;
}

/** Mounts that the process can reach. */
function reachable({ kernel, group }: Subject): Place[] {
  if (group.zombie) return [];
  const { root } = kernel.process.place(group.tgid);
  return kernel.vfs.mounts().flatMap((mount) => {
    const path = kernel.vfs.pathOf(mount.root, root);
    return path.startsWith('(unreachable)') ? [] : [{ mount, path }];
  });
}

/** File systems whose source is the number of a folder of the host, which says nothing to a program. */
const NUMBERED: ReadonlySet<string> = new Set(['host', 'overlay']);

const typeOf = ({ type }: Mount): string => linuxType(type);
const sourceOf = (mount: Mount): string =>
  mount.source === '' || mount.source === mount.type || NUMBERED.has(mount.type)
    ? typeOf(mount)
    : escape(mount.source);

export const mounts = (subject: Subject): string =>
  reachable(subject)
    .map(({ mount, path }) => `${sourceOf(mount)} ${escape(path)} ${typeOf(mount)} ${optionsOf(mount)} 0 0\n`)
    .join('');

/** The mount whose tree a mount point lies in: the one with the longest path above it. */
function parentOf(all: readonly Place[], { mount, path }: Place): number {
  let best: Place | null = null;
  for (const other of all) {
    if (other.mount === mount || other.mount.id > mount.id) continue;
    const above = other.path === '/' ? '/' : `${other.path}/`;
    if (!path.startsWith(above) && path !== other.path) continue;
    if (best === null || other.path.length >= best.path.length) best = other;
  }
  return best === null ? 0 : best.mount.id;
}

export function mountinfo(subject: Subject): string {
  const all = reachable(subject);
  return all
    .map((place) => {
      const { mount, path } = place;
      const access = mount.readOnly ? 'ro' : 'rw';
      const where = `${mount.id} ${parentOf(all, place)} 0:${mount.sb} / ${escape(path)} ${access},relatime`;
      return `${where} - ${typeOf(mount)} ${sourceOf(mount)} ${optionsOf(mount)}\n`;
    })
    .join('');
}
