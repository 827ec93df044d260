/** Strake: a kernel of replaceable modules that runs riscv64 Linux programs (`strake`). */
export { BootError } from './boot.ts';
export type { KernelHost } from './host.ts';
export { Kernel, type KernelProcess, RELEASE } from './kernel.ts';
export { DEFAULT_PATH, SpawnError } from './process.ts';
export type { BootOptions, ExitStatus, MountOption, ReplacementMap, SpawnOptions } from './options.ts';
export type { WaitStat } from './waits.ts';
export type { KernelStats, ProcessStat, ReplacementStat } from './stats.ts';
export type { LedgerEntry } from '../nucleus/ledger.ts';
export { SLOTS, type SlotName } from '../contracts/module.ts';
export { contractOf, Refusal } from '../nucleus/registry.ts';
export { ReplacementError } from '../nucleus/replacement.ts';
export { PlanError } from '../nucleus/schedule.ts';
