/**
 * filesystem/sys: the little of /sys that programs ask for, and /sys/module.
 *
 * A fixed tree of texts; below `module` each module in place has a directory. State: see state.ts.
 */
import { EINVAL, ENOENT, EPERM } from '../../../abi/linux/errno.ts';
import { SYSFS_MAGIC } from '../../../abi/linux/magic.ts';
import { S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import type { FileSystem } from '../../../contracts/filesystem.ts';
import type { Kernel, ModuleEntry } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Synthesis, syntheticFileSystem } from '../../../lib/synthetic-file-system.ts';
import { directory, file, nodeEntries, nodeLinks, type TextNode, textTree } from '../../../lib/text-tree.ts';
import { type SysState, sysLayout } from './state.ts';

const cpuRange = ({ machine }: Kernel): string => {
  const last = machine.layout.harts - 1;
  return last === 0 ? '0\n' : `0-${last}\n`;
};

const cpuMask = ({ machine }: Kernel): string => `${(2 ** machine.layout.harts - 1).toString(16)}\n`;

/** Its entries are the modules in place. */
const MODULES = 'module';

const FIXED = textTree<Kernel>([
  file('devices/system/cpu/online', cpuRange),
  file('devices/system/cpu/possible', cpuRange),
  file('devices/system/cpu/present', cpuRange),
  file('devices/system/node/online', () => '0\n'),
  file('devices/system/node/possible', () => '0\n'),
  file('devices/system/node/node0/cpulist', cpuRange),
  file('devices/system/node/node0/cpumap', cpuMask),
  file('devices/system/cpu/kernel_max', ({ machine }) => `${machine.layout.harts - 1}\n`),
  file('devices/system/cpu/cpu0/topology/core_id', () => '0\n'),
  file('devices/system/cpu/cpu0/topology/physical_package_id', () => '0\n'),
  file('devices/system/cpu/cpu0/topology/core_cpus', () => '1\n'),
  file('devices/system/cpu/cpu0/topology/core_siblings', cpuMask),
  file('devices/system/cpu/cpu0/topology/thread_siblings', () => '1\n'),
  file('devices/system/clocksource/clocksource0/current_clocksource', () => 'riscv_clocksource\n'),
  file('devices/system/clocksource/clocksource0/available_clocksource', () => 'riscv_clocksource\n'),
  file('kernel/mm/transparent_hugepage/enabled', () => 'always madvise [never]\n'),
  file('kernel/mm/transparent_hugepage/hpage_pmd_size', () => '2097152\n'),
  directory(MODULES),
]);

interface ModuleFile {
  readonly name: string;
  readonly text: (entry: ModuleEntry) => string;
}

const MODULE_FILES: readonly ModuleFile[] = [
  { name: 'version', text: ({ version }) => `${version}\n` },
  { name: 'refcnt', text: ({ users }) => `${users}\n` },
  { name: 'initstate', text: () => 'live\n' },
  { name: 'coresize', text: ({ size }) => `${size}\n` },
  { name: 'interfaces', text: ({ interfaces }) => interfaces.map((name) => `${name}\n`).join('') },
  { name: 'slot', text: ({ slot }) => `${slot}\n` },
  { name: 'description', text: ({ description }) => `${description}\n` },
];

/** Inode numbers of module directories: the place in the list of modules, which only grows, and the file's. */
const MODULE_INO = 0x1_0000;
const FILES_EACH = 16;

const underscored = (name: string): string => name.replaceAll('-', '_');

function sysSynthesis(kernel: Kernel): Synthesis {
  const modulesIno = FIXED.root.children.get(MODULES)?.ino ?? 0;
  const nodeOf = (ino: number): TextNode<Kernel> | undefined => FIXED.nodes.get(ino);
  const entryOf = (ino: number): ModuleEntry | undefined =>
    kernel.modules.list()[Math.floor((ino - MODULE_INO) / FILES_EACH)];
  const fileOf = (ino: number): ModuleFile | undefined => MODULE_FILES[((ino - MODULE_INO) % FILES_EACH) - 1];
  const directories = (): { name: string; ino: number }[] =>
    kernel.modules
      .list()
      .flatMap(({ guestName: name, active }, i) =>
        active ? [{ name: underscored(name), ino: MODULE_INO + i * FILES_EACH }] : [],
      );

  /** By the module's name, or by that of the slot which it fills. */
  const directoryOf = (name: string): { ino: number } | undefined => {
    const known = directories().find((at) => at.name === underscored(name));
    if (known !== undefined) return known;
    const i = kernel.modules.list().findIndex(({ slot, active }) => active && slot === name);
    return i < 0 ? undefined : { ino: MODULE_INO + i * FILES_EACH };
  };

  return {
    magic: SYSFS_MAGIC,
    lookup(_tid, ino, name) {
      if (ino === modulesIno) return directoryOf(name)?.ino ?? -ENOENT;
      if (ino < MODULE_INO) return nodeOf(ino)?.children.get(name)?.ino ?? -ENOENT;
      const index = MODULE_FILES.findIndex((row) => row.name === name);
      return index < 0 ? -ENOENT : ino + 1 + index;
    },
    file(ino) {
      const node = nodeOf(ino);
      if (node !== undefined) return { mode: node.mode, links: nodeLinks(node), uid: 0, gid: 0, sinceNs: 0 };
      if (ino < MODULE_INO || !entryOf(ino)?.active) return -ENOENT;
      const mode = fileOf(ino) === undefined ? S_IFDIR | 0o555 : S_IFREG | 0o444;
      return { mode, links: 1, uid: 0, gid: 0, sinceNs: 0 };
    },
    entries(_tid, ino) {
      const node = nodeOf(ino);
      if (ino === modulesIno) return directories().map((at) => ({ ...at, type: S_IFDIR, cookie: at.ino }));
      if (node !== undefined) return nodeEntries(node);
      return MODULE_FILES.map(({ name }, i) => ({ name, ino: ino + 1 + i, type: S_IFREG, cookie: i + 1 }));
    },
    text(_tid, ino) {
      if (ino < MODULE_INO) return nodeOf(ino)?.row?.text(kernel) ?? -EINVAL;
      const entry = entryOf(ino);
      return entry === undefined ? -ENOENT : (fileOf(ino)?.text(entry) ?? -EINVAL);
    },
    store: () => -EPERM,
    target: () => -EINVAL,
    jump: () => 0,
    jumpFile: () => 0,
  };
}

export const sysFilesystem: Module<FileSystem, SysState> = {
  manifest: {
    slot: 'filesystem',
    name: 'sys',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: {},
    type: 'sys',
    description: 'processors and modules as files',
  },
  layout: sysLayout,
  create: (state, kernel) => syntheticFileSystem(state, kernel, sysSynthesis(kernel)),
};

export default sysFilesystem;
