/**
 * Options of mount(8)'s -o that the file systems of this kernel know.
 *
 * Unknown options are ignored, as a later one overrides an earlier one. Holds no state.
 */

export interface MountOptions {
  readonly readOnly: boolean;
  readonly noatime: boolean;
  /** Of the root: permission bits with S_IFDIR, owner. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const S_IFDIR = 0o040000;

const numeric = (value: string | undefined, radix: number, otherwise: number): number => {
  const parsed = Number.parseInt(value ?? '', radix);
  return Number.isNaN(parsed) ? otherwise : parsed;
};

/** @param options as in "mode=755,ro" @param mode of the root unless told otherwise */
export function mountOptions(options: string, mode = 0o755): MountOptions {
  const words = new Map<string, string>();
  for (const word of options.split(',')) {
    const equals = word.indexOf('=');
    if (equals < 0) words.set(word, '');
    else words.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return {
    readOnly: words.has('ro'),
    noatime: words.has('noatime'),
    mode: S_IFDIR | (numeric(words.get('mode'), 8, mode) & 0o7777),
    uid: numeric(words.get('uid'), 10, 0),
    gid: numeric(words.get('gid'), 10, 0),
  };
}
