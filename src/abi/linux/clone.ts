/**
 * Flags of clone(2) and the layout of struct clone_args. Data only.
 */
export const CSIGNAL = 0xff;
export const CLONE_VM = 0x100;
export const CLONE_FS = 0x200;
export const CLONE_FILES = 0x400;
export const CLONE_SIGHAND = 0x800;
export const CLONE_PIDFD = 0x1000;
export const CLONE_PTRACE = 0x2000;
export const CLONE_VFORK = 0x4000;
export const CLONE_PARENT = 0x8000;
export const CLONE_THREAD = 0x1_0000;
export const CLONE_NEWNS = 0x2_0000;
export const CLONE_SYSVSEM = 0x4_0000;
export const CLONE_SETTLS = 0x8_0000;
export const CLONE_PARENT_SETTID = 0x10_0000;
export const CLONE_CHILD_CLEARTID = 0x20_0000;
export const CLONE_DETACHED = 0x40_0000;
export const CLONE_UNTRACED = 0x80_0000;
export const CLONE_CHILD_SETTID = 0x100_0000;
export const CLONE_NEWCGROUP = 0x200_0000;
export const CLONE_NEWUTS = 0x400_0000;
export const CLONE_NEWIPC = 0x800_0000;
export const CLONE_NEWUSER = 0x1000_0000;
export const CLONE_NEWPID = 0x2000_0000;
export const CLONE_NEWNET = 0x4000_0000;
export const CLONE_IO = 0x8000_0000;
/** In the high half of clone3's flags. */
export const CLONE_CLEAR_SIGHAND_HIGH = 1;
export const CLONE_INTO_CGROUP_HIGH = 2;
/** Namespaces, which do not exist here. */
export const CLONE_NEW_ANY: number =
  CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/** struct clone_args: offsets of its 64-bit words, and its sizes over time. */
export const CA_FLAGS = 0;
export const CA_PIDFD = 8;
export const CA_CHILD_TID = 16;
export const CA_PARENT_TID = 24;
export const CA_EXIT_SIGNAL = 32;
export const CA_STACK = 40;
export const CA_STACK_SIZE = 48;
export const CA_TLS = 56;
export const CA_SET_TID = 64;
export const CA_SET_TID_SIZE = 72;
export const CA_CGROUP = 80;
export const CLONE_ARGS_SIZE_VER0 = 64;
export const CLONE_ARGS_SIZE = 88;
