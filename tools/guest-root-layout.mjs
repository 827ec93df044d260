// @ts-check
/**
 * Turns Debian archives into a root folder without running any maintainer script.
 *
 * Maintainer scripts are riscv64 programs that expect to be root in a running system, so what the commonest of them do is
 * done here instead: the merged /usr, the first passwd and group files, the links of update-alternatives, dpkg's record.
 * What other scripts would do (caches, daemons' users, generated certificates) is left undone.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GuestRootError } from './guest-root-apt.mjs';

/** @typedef {import('./guest-root-apt.mjs').Archive} Archive */

const DIRECTORIES = ['dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'var/lib/dpkg/info', 'var/log', 'var/tmp'];

/** @param {string} path */
const present = (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/**
 * Debian's merged /usr. The links come first: the archives are unpacked through them.
 * riscv64 has its loader in /lib and no multilib folder, so there is no /lib64.
 * @param {string} root
 */
export function layOut(root) {
  for (const name of ['bin', 'sbin', 'lib']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const name of DIRECTORIES) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['tmp', 'var/tmp']) chmodSync(join(root, name), 0o1777);
}

/** @param {string} root @param {Archive[]} archives */
export function unpack(root, archives) {
  for (const { file } of archives) {
    // Through a shell, so that the archive streams from one program to the other; the names travel as arguments.
    const script = 'set -e; dpkg-deb --fsys-tarfile "$1" | tar -x -p --no-same-owner --keep-directory-symlink -C "$2" -f -';
    const run = spawnSync('sh', ['-c', script, 'sh', file, root], { encoding: 'utf8' });
    if (run.status !== 0) throw new GuestRootError(`unpacking ${file} failed:\n${run.stderr}`);
  }
}

/**
 * The files that maintainer scripts of the base system would have made.
 * @param {string} root
 */
export function addAccounts(root) {
  const files = [
    ['etc/passwd', 'usr/share/base-passwd/passwd.master', 'root:*:0:0:root:/root:/bin/sh\nnobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'],
    ['etc/group', 'usr/share/base-passwd/group.master', 'root:*:0:\ntty:*:5:\nnogroup:*:65534:\n'],
    ['etc/hosts', '', '127.0.0.1 localhost\n::1 localhost\n'],
  ];
  for (const [name = '', master = '', text = ''] of files) {
    if (present(join(root, name))) continue;
    if (master && present(join(root, master))) copyFileSync(join(root, master), join(root, name));
    else writeFileSync(join(root, name), text);
  }
}

/**
 * Records the packages as dpkg would, and makes the links that their scripts ask of update-alternatives.
 * Of several candidates for one link the highest priority wins, as in automatic mode.
 * @param {string} root @param {Archive[]} archives
 */
export function configure(root, archives) {
  let status = '';
  /** @type {Map<string, { target: string, priority: number }>} */
  const links = new Map();
  for (const { file } of archives) {
    const control = execFileSync('dpkg-deb', ['--field', file], { encoding: 'utf8' });
    status += control.replace(/^(Package: .*\n)/, '$1Status: install ok installed\n').trimEnd() + '\n\n';
    const script = spawnSync('dpkg-deb', ['--info', file, 'postinst'], { encoding: 'utf8' });
    if (script.status === 0) collectAlternatives(script.stdout, links);
  }
  writeFileSync(join(root, 'var/lib/dpkg/status'), status);
  for (const [link, { target }] of links) {
    // Absolute targets would lead out of the root when the host looks at it, but that is what the guest has to see.
    if (present(join(root, link)) || !present(join(root, target))) continue;
    mkdirSync(dirname(join(root, link)), { recursive: true });
    symlinkSync(target, join(root, link));
  }
}

/**
 * Scripts that compute their arguments are passed over.
 * @param {string} script @param {Map<string, { target: string, priority: number }>} links
 */
function collectAlternatives(script, links) {
  for (const line of script.replaceAll('\\\n', ' ').split('\n')) {
    if (!/^\s*update-alternatives\b/.test(line)) continue;
    const priority = Number(/--install\s+\S+\s+\S+\s+\S+\s+(\d+)/.exec(line)?.[1] ?? 0);
    for (const match of line.matchAll(/--(?:install|slave)\s+(\/\S+)\s+\S+\s+(\/\S+)/g)) {
      const [, link = '', target = ''] = match;
      if (/[$*"']/.test(link + target)) continue;
      const known = links.get(link);
      if (!known || known.priority < priority) links.set(link, { target, priority });
    }
  }
}

/**
 * One link in /bin for each applet. The list comes from the very busybox that was installed, by running it.
 * @param {string} root
 * @returns {number} how many links were made
 */
export function linkBusybox(root) {
  const busybox = join(root, 'usr/bin/busybox');
  if (!existsSync(busybox)) throw new GuestRootError('--busybox-links needs a package with /bin/busybox, such as busybox-static');
  const run = spawnSync('qemu-riscv64-static', ['-L', root, busybox, '--list'], { encoding: 'utf8' });
  if (run.error) {
    throw new GuestRootError('--busybox-links runs busybox to list its applets: apt-get install qemu-user-static');
  }
  if (run.status !== 0) throw new GuestRootError(`busybox --list failed under qemu-riscv64-static:\n${run.stderr}`);
  let made = 0;
  for (const applet of run.stdout.split('\n').filter((name) => name && name !== 'busybox')) {
    const link = join(root, 'usr/bin', applet);
    if (present(link) || present(join(root, 'usr/sbin', applet))) continue;
    symlinkSync('busybox', link);
    made++;
  }
  return made;
}
