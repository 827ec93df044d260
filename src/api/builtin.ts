/**
 * The composition root: the one file that imports modules.
 *
 * Which modules come with the kernel, and which of them fill the slots unless a boot chooses others.
 */
import type { AnyModule } from '../nucleus/registry.ts';
import { coreAbi, linuxAbi } from '../modules/abi/linux/module.ts';
import { deadlineBlock } from '../modules/block/deadline/module.ts';
import { fifoBlock } from '../modules/block/fifo/module.ts';
import { lruBuffercache } from '../modules/buffercache/lru/module.ts';
import { twoQueueBuffercache } from '../modules/buffercache/two-queue/module.ts';
import { tickClock } from '../modules/clock/tick/module.ts';
import { jitEngine } from '../modules/engine/jit/module.ts';
import { ENGINE_BYTES, interpreterEngine } from '../modules/engine/interpreter/module.ts';
import { devFilesystem } from '../modules/filesystem/dev/module.ts';
import { ext2Filesystem } from '../modules/filesystem/ext2/module.ts';
import { hostFilesystem } from '../modules/filesystem/host/module.ts';
import { overlayFilesystem } from '../modules/filesystem/overlay/module.ts';
import { procFilesystem } from '../modules/filesystem/proc/module.ts';
import { ramFilesystem } from '../modules/filesystem/ram/module.ts';
import { sysFilesystem } from '../modules/filesystem/sys/module.ts';
import { tarFilesystem } from '../modules/filesystem/tar/module.ts';
import { firstFitFrames } from '../modules/frames/first-fit/module.ts';
import { basicIpc } from '../modules/ipc/basic/module.ts';
import { directIpc } from '../modules/ipc/direct/module.ts';
import { loopbackNet } from '../modules/net/loopback/module.ts';
import { noneNet } from '../modules/net/none/module.ts';
import { demandPagecache } from '../modules/pagecache/demand/module.ts';
import { sv39Pmap } from '../modules/pmap/sv39/module.ts';
import { sv39Pmap10 } from '../modules/pmap/sv39/module-1.0.ts';
import { sv48Pmap } from '../modules/pmap/sv48/module.ts';
import { posixProcess } from '../modules/process/posix/module.ts';
import { deadlineScheduler } from '../modules/scheduler/deadline/module.ts';
import { fairScheduler } from '../modules/scheduler/fair/module.ts';
import { lotteryScheduler } from '../modules/scheduler/lottery/module.ts';
import { roundRobinScheduler } from '../modules/scheduler/round-robin/module.ts';
import { timeSharingScheduler } from '../modules/scheduler/time-sharing/module.ts';
import { lineDisciplineTty } from '../modules/tty/line-discipline/module.ts';
import { dentryVfs } from '../modules/vfs/dentry/module.ts';
import { cowVm } from '../modules/vm/cow/module.ts';
import { pagingVm } from '../modules/vm/paging/module.ts';
import { primitiveVm } from '../modules/vm/primitive/module.ts';

export { ENGINE_BYTES };

/** In boot order of the slots: a default before its alternatives. */
const STANDARD: readonly unknown[] = [
  jitEngine,
  firstFitFrames,
  sv39Pmap,
  tickClock,
  timeSharingScheduler,
  posixProcess,
  demandPagecache,
  cowVm,
  basicIpc,
  loopbackNet,
  lineDisciplineTty,
  deadlineBlock,
  twoQueueBuffercache,
  ramFilesystem,
  hostFilesystem,
  overlayFilesystem,
  procFilesystem,
  sysFilesystem,
  devFilesystem,
  ext2Filesystem,
  tarFilesystem,
  dentryVfs,
  linuxAbi,
];

const ALTERNATIVES: readonly unknown[] = [
  interpreterEngine,
  roundRobinScheduler,
  fairScheduler,
  deadlineScheduler,
  lotteryScheduler,
  coreAbi,
  noneNet,
  sv39Pmap10,
  sv48Pmap,
  pagingVm,
  primitiveVm,
  directIpc,
  fifoBlock,
  lruBuffercache,
];

/** Modules that fill the cells unless a boot says otherwise. */
export const defaultModules = (): readonly AnyModule[] => STANDARD as readonly AnyModule[];

/** Every module that comes with the kernel. */
export const builtinModules = (): readonly AnyModule[] =>
  [...STANDARD, ...ALTERNATIVES] as readonly AnyModule[];
