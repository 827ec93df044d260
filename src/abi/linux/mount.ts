/**
 * Flags of mount(2) and umount2(2), and names of file systems. Data.
 *
 * Source: linux/mount.h.
 */
export const MS_RDONLY = 1;
export const MS_REMOUNT = 32;
export const MS_NOATIME = 1024;
export const MS_BIND = 4096;
export const MS_MOVE = 8192;
export const MS_REC = 16384;
export const MS_SILENT = 32768;
export const MS_UNBINDABLE: number = 1 << 17;
export const MS_PRIVATE: number = 1 << 18;
export const MS_SLAVE: number = 1 << 19;
export const MS_SHARED: number = 1 << 20;
export const MS_MGC_VAL = 0xc0ed0000;
export const MS_MGC_MSK = 0xffff0000;
export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const MNT_EXPIRE = 4;
export const UMOUNT_NOFOLLOW = 8;

/** Linux's names of file systems that go by another here. */
export const OWN_TYPES: ReadonlyMap<string, string> = new Map([
  ['tmpfs', 'ram'],
  ['ramfs', 'ram'],
  ['devtmpfs', 'dev'],
  ['sysfs', 'sys'],
]);

/** The first of Linux's names for a file system, which programs look for in /proc/mounts. */
export function linuxType(own: string): string {
  for (const [name, type] of OWN_TYPES) if (type === own) return name;
  return own;
}
