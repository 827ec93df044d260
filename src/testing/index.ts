/**
 * For authors of modules: what every module of a slot must do, and kernels to test in (`strake/testing`).
 *
 * Needs `fast-check`, an optional peer of this package. Any test runner will do.
 */
export { blockConformance } from './block-suite.ts';
export { buffercacheConformance } from './buffercache-suite.ts';
export { type Check, equal, holds, Subject } from './check.ts';
export { clockConformance } from './clock-suite.ts';
export { type DiskModules, type FakeDisks, fakeDisks } from './fake-disk-kernel.ts';
export { fakeFsKernel, type FakeFsKernel } from './fake-fs-kernel.ts';
export { createFakeGuest, type FakeGuest, type FakeGuestOptions } from './fake-guest.ts';
export { createFakeProcesses, type FakeProcesses } from './fake-process.ts';
export { fakeVfs, type FakeVfs } from './fake-vfs-kernel.ts';
export { fakeVmKernel, type FakeVmKernel } from './fake-vm-kernel.ts';
export { framesConformance } from './frames-suite.ts';
export { ipcConformance } from './ipc-suite.ts';
export { netConformance } from './net-suite.ts';
export { schedulerConformance } from './scheduler-suite.ts';
export { vmConformance } from './vm-suite.ts';
