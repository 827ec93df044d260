/*
 * The Linux ABI as these programs need it: numbers, flags and layouts of riscv64.
 *
 * Source: the system call table of the generic ABI and the man pages, section 2. Data only; calls are in syscalls.h.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  SYS_getcwd = 17,
  SYS_dup = 23,
  SYS_dup3 = 24,
  SYS_fcntl = 25,
  SYS_ioctl = 29,
  SYS_mkdirat = 34,
  SYS_unlinkat = 35,
  SYS_symlinkat = 36,
  SYS_linkat = 37,
  SYS_faccessat = 48,
  SYS_chdir = 49,
  SYS_fchmodat = 53,
  SYS_openat = 56,
  SYS_close = 57,
  SYS_pipe2 = 59,
  SYS_getdents64 = 61,
  SYS_lseek = 62,
  SYS_read = 63,
  SYS_write = 64,
  SYS_pread64 = 67,
  SYS_readlinkat = 78,
  SYS_newfstatat = 79,
  SYS_fstat = 80,
  SYS_utimensat = 88,
  SYS_exit = 93,
  SYS_exit_group = 94,
  SYS_futex = 98,
  SYS_nanosleep = 101,
  SYS_init_module = 105,
  SYS_delete_module = 106,
  SYS_clock_gettime = 113,
  SYS_clock_nanosleep = 115,
  SYS_sched_yield = 124,
  SYS_kill = 129,
  SYS_tgkill = 131,
  SYS_sigaltstack = 132,
  SYS_rt_sigsuspend = 133,
  SYS_rt_sigaction = 134,
  SYS_rt_sigprocmask = 135,
  SYS_rt_sigpending = 136,
  SYS_setpriority = 140,
  SYS_getpriority = 141,
  SYS_setpgid = 154,
  SYS_getpgid = 155,
  SYS_uname = 160,
  SYS_umask = 166,
  SYS_getpid = 172,
  SYS_getppid = 173,
  SYS_getuid = 174,
  SYS_geteuid = 175,
  SYS_getgid = 176,
  SYS_gettid = 178,
  SYS_munmap = 215,
  SYS_clone = 220,
  SYS_execve = 221,
  SYS_mmap = 222,
  SYS_msync = 227,
  SYS_wait4 = 260,
  SYS_finit_module = 273,
  SYS_sched_setattr = 274,
  SYS_renameat2 = 276,
};

enum {
  EPERM = 1,
  ENOENT = 2,
  EINTR = 4,
  ENOEXEC = 8,
  EBADF = 9,
  ECHILD = 10,
  EAGAIN = 11,
  EACCES = 13,
  EEXIST = 17,
  EXDEV = 18,
  ENOTDIR = 20,
  EISDIR = 21,
  EINVAL = 22,
  EPIPE = 32,
  ENOSYS = 38,
};

enum {
  O_RDONLY = 0,
  O_WRONLY = 1,
  O_RDWR = 2,
  O_CREAT = 0100,
  O_EXCL = 0200,
  O_TRUNC = 01000,
  O_APPEND = 02000,
  O_NONBLOCK = 04000,
  O_DIRECTORY = 0200000,
  O_CLOEXEC = 02000000,
  AT_FDCWD = -100,
  AT_SYMLINK_NOFOLLOW = 0x100,
  AT_REMOVEDIR = 0x200,
  F_DUPFD_CLOEXEC = 1030,
  F_GETFD = 1,
  TCGETS = 0x5401,
  TIOCGPGRP = 0x540f,
  TIOCSPGRP = 0x5410,
};

enum { S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000 };
enum { S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MS_SYNC = 4 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_THREAD_CPUTIME_ID = 3, TIMER_ABSTIME = 1 };
enum { SCHED_DEADLINE = 6, SEEK_END = 2 };
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE = 128 };
enum { WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 8 };

enum {
  CLONE_VM = 0x100,
  CLONE_FS = 0x200,
  CLONE_FILES = 0x400,
  CLONE_SIGHAND = 0x800,
  CLONE_THREAD = 0x10000,
  CLONE_SYSVSEM = 0x40000,
  CLONE_SETTLS = 0x80000,
  CLONE_PARENT_SETTID = 0x100000,
  CLONE_CHILD_CLEARTID = 0x200000,
};

enum {
  SIGHUP = 1,
  SIGINT = 2,
  SIGQUIT = 3,
  SIGKILL = 9,
  SIGUSR1 = 10,
  SIGSEGV = 11,
  SIGUSR2 = 12,
  SIGPIPE = 13,
  SIGALRM = 14,
  SIGTERM = 15,
  SIGCHLD = 17,
  SIGCONT = 18,
  SIGSTOP = 19,
  SIGTSTP = 20,
  SIGTTIN = 21,
  SIGTTOU = 22,
  SIGNALS = 65,
  SIG_BLOCK = 0,
  SIG_UNBLOCK = 1,
  SIG_SETMASK = 2,
  SA_SIGINFO = 4,
  SA_ONSTACK = 0x08000000,
  SA_RESTART = 0x10000000,
};

struct timespec {
  int64_t seconds, nanoseconds;
};

/* Times in nanoseconds. */
struct sched_attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

struct stat {
  uint64_t device, inode;
  uint32_t mode, links, uid, gid;
  uint64_t rdevice, pad1;
  int64_t size;
  int32_t block_size, pad2;
  int64_t blocks;
  struct timespec accessed, modified, changed;
  uint32_t unused[2];
};

struct dirent {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

/*
 * riscv64 has no SA_RESTORER: handlers return through the vDSO, and the mask follows the flags. QEMU 7.2 in user mode takes
 * the mask from one word further on; so it is given twice, see sys_sigaction.
 */
struct sigaction {
  void (*handler)(int);
  uint64_t flags, mask, mask_again;
};
#define SIG_DFL ((void (*)(int))0)
#define SIG_IGN ((void (*)(int))1)

struct sigstack {
  void *base;
  int32_t flags;
  size_t size;
};

struct utsname {
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
