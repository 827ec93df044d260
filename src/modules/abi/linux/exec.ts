/**
 * execve(2): finds the program, builds its address space beside the old one, then switches in one step.
 *
 * Everything before the switch is thrown away on failure and on WAIT, and done again when the call runs again.
 */
import { PHDR_SIZE } from '../../../abi/elf/layout.ts';
import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_EXECFN,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_MINSIGSTKSZ,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_RANDOM,
  AT_SECURE,
  AT_UID,
  CLOCK_TICKS,
} from '../../../abi/linux/auxv.ts';
import { ALL_HIGH, ALL_LOW } from '../../../abi/linux/capability.ts';
import { E2BIG } from '../../../abi/linux/errno.ts';
import { HWCAP } from '../../../abi/linux/isa.ts';
import { RLIMIT_STACK } from '../../../abi/linux/resource.ts';
import { FRAME_SIZE } from '../../../abi/linux/signal.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { type Credentials, createCredentials } from '../../../contracts/process.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { type Image, loadImage, loadStack, STACK_TOP } from './exec-image.ts';
import { meetNeeds } from './exec-needs.ts';
import { dropProgram, findProgram, type Program } from './exec-program.ts';
import { argumentSize, buildStack, EXEC_PATH, RANDOM_BYTES, type StackImage } from './exec-stack.ts';
import { clearRegisters, contextOf, setPc, setRegister, SP } from './registers.ts';

/** MAX_ARG_STRLEN, and the least and most that all strings may take. */
export const STRING_MAX = 131072;
const ARGUMENTS_MIN = 131072;
export const ARGUMENTS_MAX: number = 6 << 20;
const COMM_LENGTH = 15;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;

/** What a program runs as: set-ID bits and, by them or by root, capabilities (capabilities(7), "root"). */
function credentialsOf(kernel: Kernel, tid: number, program: Program): Credentials {
  const before = kernel.process.credentials(tid);
  const after = createCredentials();
  after.uid = before.uid;
  after.gid = before.gid;
  after.euid = before.euid;
  after.egid = before.egid;
  after.groups = before.groups;
  after.inheritableLow = before.inheritableLow;
  after.inheritableHigh = before.inheritableHigh;
  const { stat } = program.binary;
  if (!kernel.process.group(tid).noNewPrivileges) {
    if ((stat.mode & S_ISUID) !== 0) after.euid = stat.uid;
    if ((stat.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) after.egid = stat.gid;
  }
  after.suid = after.fsuid = after.euid;
  after.sgid = after.fsgid = after.egid;
  if (after.euid === 0 || after.uid === 0) {
    after.permittedLow = ALL_LOW;
    after.permittedHigh = ALL_HIGH;
    if (after.euid === 0) {
      after.effectiveLow = ALL_LOW;
      after.effectiveHigh = ALL_HIGH;
    }
  }
  return after;
}

function stackOf(
  kernel: Kernel,
  program: Program,
  image: Image,
  credentials: Credentials,
  path: string,
  argv: readonly string[],
  envp: readonly string[],
): StackImage {
  const random = new Uint8Array(16);
  kernel.host.random(random);
  const { uid, euid, gid, egid } = credentials;
  return buildStack({
    top: STACK_TOP,
    argv,
    envp,
    path,
    random,
    auxiliary: [
      [AT_HWCAP, HWCAP],
      [AT_PAGESZ, PAGE_SIZE],
      [AT_CLKTCK, CLOCK_TICKS],
      [AT_PHDR, image.headers],
      [AT_PHENT, PHDR_SIZE],
      [AT_PHNUM, program.binary.header.tableCount],
      [AT_BASE, image.loaderBase],
      [AT_FLAGS, 0],
      [AT_ENTRY, image.entry],
      [AT_UID, uid],
      [AT_EUID, euid],
      [AT_GID, gid],
      [AT_EGID, egid],
      [AT_SECURE, uid !== euid || gid !== egid ? 1 : 0],
      [AT_RANDOM, RANDOM_BYTES],
      [AT_EXECFN, EXEC_PATH],
      [AT_MINSIGSTKSZ, FRAME_SIZE],
    ],
  });
}

const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What a program needs to begin: all of it can still be thrown away. */
interface Prepared {
  readonly credentials: Credentials;
  readonly image: Image;
  readonly stack: StackImage;
}

function prepare(
  kernel: Kernel,
  tid: number,
  space: number,
  program: Program,
  path: string,
  envp: readonly string[],
): Prepared | number {
  const { limits } = kernel.process.group(tid);
  const room = Math.floor((limits[RLIMIT_STACK * 2] as number) / 4);
  const limit = Math.max(ARGUMENTS_MIN, Math.min(ARGUMENTS_MAX, room));
  if (argumentSize(program.argv, envp) > limit) return -E2BIG;
  const image = loadImage(kernel, space, program.binary, program.loader);
  if (typeof image === 'number') return image;
  const credentials = credentialsOf(kernel, tid, program);
  const stack = stackOf(kernel, program, image, credentials, path, program.argv, envp);
  const error = loadStack(kernel, space, stack.bytes, program.binary.program.executableStack);
  return error !== 0 ? error : { credentials, image, stack };
}

/** The process becomes the program. @param pid of the leader, the only thread */
function become(
  kernel: Kernel,
  pid: number,
  space: number,
  program: Program,
  path: string,
  { credentials, image, stack }: Prepared,
): void {
  const group = kernel.process.group(pid);
  if (credentials.euid !== credentials.uid || credentials.egid !== credentials.gid)
    group.parentDeathSignal = 0;
  kernel.process.setCredentials(pid, credentials);
  if (group.executable !== 0) kernel.vfs.releaseDentry(group.executable);
  group.executable = program.binary.dentry;
  if (program.loader !== null) kernel.vfs.releaseDentry(program.loader.dentry);
  group.argumentStart = stack.argumentStart;
  group.argumentEnd = stack.argumentEnd;
  group.environmentStart = stack.environmentStart;
  group.environmentEnd = stack.environmentEnd;
  group.auxiliary = stack.auxiliary;
  kernel.process.executed(pid, space, basename(path).slice(0, COMM_LENGTH));
  const context = contextOf(kernel, pid);
  clearRegisters(kernel, context);
  setPc(kernel, context, image.pc);
  setRegister(kernel, context, SP, stack.sp);
}

/**
 * @param dentry of the file, held for this call; its hold is dropped or becomes the process's
 * @param path what the program is told it was called by @param closes the path leads through a descriptor that exec closes
 * @returns 0, -errno or WAIT
 */
export function execDentry(
  kernel: Kernel,
  tid: number,
  dentry: number,
  path: string,
  argv: readonly string[],
  envp: readonly string[],
  closes: boolean,
): number {
  const program = findProgram(kernel, tid, dentry, closes ? null : path, argv.length === 0 ? [''] : argv);
  if (typeof program === 'number') return program;
  const unmet = meetNeeds(kernel, tid, program.binary, path);
  if (unmet !== 0) {
    dropProgram(kernel, program);
    return unmet;
  }
  const pid = kernel.process.group(tid).tgid;
  const space = kernel.vm.create();
  let prepared = space < 0 ? space : prepare(kernel, tid, space, program, path, envp);
  if (typeof prepared !== 'number' && !kernel.process.exitOthers(tid)) {
    kernel.waits.on(kernel.process.group(tid).threadEvent);
    prepared = WAIT;
  }
  if (typeof prepared === 'number') {
    if (space >= 0) kernel.vm.release(space);
    dropProgram(kernel, program);
    return prepared;
  }
  become(kernel, pid, space, program, path, prepared);
  return 0;
}

/** The abi contract's `exec`: for a process of the host's. */
export function exec(
  kernel: Kernel,
  tid: number,
  path: string,
  argv: readonly string[],
  envp: readonly string[],
): number {
  const dentry = kernel.vfs.resolve(tid, 0, path, true);
  return dentry < 0 ? dentry : execDentry(kernel, tid, dentry, path, argv, envp, false);
}
