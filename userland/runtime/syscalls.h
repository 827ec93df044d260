/*
 * System calls as inline functions. Each returns what the kernel returns: a negative number is minus an errno.
 */
#pragma once
#include "linux.h"

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a5 __asm__("a5") = f;
  register long a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}

/* Missing arguments become zero, pointers become longs. */
#define CALL_(n, a, b, c, d, e, f, ...) \
  syscall6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYSCALL(...) CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline int sys_open(const char *path, int flags, int mode) {
  return (int)SYSCALL(SYS_openat, AT_FDCWD, path, flags, mode);
}
static inline int sys_close(int fd) { return (int)SYSCALL(SYS_close, fd); }
static inline long sys_read(int fd, void *to, size_t size) { return SYSCALL(SYS_read, fd, to, size); }
static inline long sys_write(int fd, const void *from, size_t size) { return SYSCALL(SYS_write, fd, from, size); }
static inline int sys_pipe(int fds[2], int flags) { return (int)SYSCALL(SYS_pipe2, fds, flags); }
static inline int sys_dup3(int from, int to, int flags) { return (int)SYSCALL(SYS_dup3, from, to, flags); }
static inline long sys_fcntl(int fd, int command, long value) { return SYSCALL(SYS_fcntl, fd, command, value); }
static inline long sys_ioctl(int fd, int request, void *value) { return SYSCALL(SYS_ioctl, fd, request, value); }
static inline int sys_stat(const char *path, struct stat *to, int flags) {
  return (int)SYSCALL(SYS_newfstatat, AT_FDCWD, path, to, flags);
}
static inline int sys_access(const char *path, int mode) { return (int)SYSCALL(SYS_faccessat, AT_FDCWD, path, mode); }
static inline int sys_unlink(const char *path, int flags) { return (int)SYSCALL(SYS_unlinkat, AT_FDCWD, path, flags); }
static inline int sys_mkdir(const char *path, int mode) { return (int)SYSCALL(SYS_mkdirat, AT_FDCWD, path, mode); }
static inline int sys_rename(const char *from, const char *to) {
  return (int)SYSCALL(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
static inline long sys_readlink(const char *path, char *to, size_t size) {
  return SYSCALL(SYS_readlinkat, AT_FDCWD, path, to, size);
}
static inline long sys_getdents(int fd, void *to, size_t size) { return SYSCALL(SYS_getdents64, fd, to, size); }
static inline long sys_getcwd(char *to, size_t size) { return SYSCALL(SYS_getcwd, to, size); }
static inline int sys_chdir(const char *path) { return (int)SYSCALL(SYS_chdir, path); }

/* The kernel has no fork on riscv64: fork is clone without any sharing. */
static inline int sys_fork(void) { return (int)SYSCALL(SYS_clone, SIGCHLD); }
static inline int sys_execve(const char *path, char *const argv[], char *const envp[]) {
  return (int)SYSCALL(SYS_execve, path, argv, envp);
}
static inline int sys_wait4(int pid, int *status, int options) { return (int)SYSCALL(SYS_wait4, pid, status, options); }
static inline int sys_kill(int pid, int signal) { return (int)SYSCALL(SYS_kill, pid, signal); }
static inline int sys_getpid(void) { return (int)SYSCALL(SYS_getpid); }
static inline int sys_setpgid(int pid, int group) { return (int)SYSCALL(SYS_setpgid, pid, group); }
static inline int sys_getpgid(int pid) { return (int)SYSCALL(SYS_getpgid, pid); }
__attribute__((noreturn)) static inline void sys_exit(int status) {
  for (;;) SYSCALL(SYS_exit_group, status);
}

static inline int sys_sigaction(int signal, void (*handler)(int), uint64_t flags, uint64_t mask) {
  struct sigaction action = {handler, flags, mask, mask};
  return (int)SYSCALL(SYS_rt_sigaction, signal, &action, 0, sizeof mask);
}
static inline int sys_sigprocmask(int how, const uint64_t *now, uint64_t *before) {
  return (int)SYSCALL(SYS_rt_sigprocmask, how, now, before, sizeof(uint64_t));
}
static inline int sys_sigsuspend(uint64_t mask) { return (int)SYSCALL(SYS_rt_sigsuspend, &mask, sizeof mask); }

static inline void *sys_mmap(size_t size, int protection, int flags, int fd, long offset) {
  return (void *)SYSCALL(SYS_mmap, 0, size, protection, flags, fd, offset);
}
static inline int sys_munmap(void *base, size_t size) { return (int)SYSCALL(SYS_munmap, base, size); }
static inline int sys_clock_gettime(int clock, struct timespec *to) {
  return (int)SYSCALL(SYS_clock_gettime, clock, to);
}
static inline int sys_clock_nanosleep(int clock, int flags, const struct timespec *until, struct timespec *left) {
  return (int)SYSCALL(SYS_clock_nanosleep, clock, flags, until, left);
}

/* mmap reports failure as an address in the last page. */
static inline int is_error(const void *pointer) { return (unsigned long)pointer > -4096UL; }
