/* Random system calls with random and boundary arguments, from children that may die of them.
 *
 * usage: syscall-fuzz SEED CALLS [user]   Each child makes up to 400 calls; the parent replaces it when it ends.
 * Prints "calls N children M" at the end. Everything that it does is a function of SEED. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545F4914F6CDD1Dull;
}
static unsigned below(unsigned n) { return (next() >> 33) % n; }

static long raw(long nr, long a, long b, long c, long d, long e, long f) {
  register long a0 asm("a0") = a, a1 asm("a1") = b, a2 asm("a2") = c, a3 asm("a3") = d, a4 asm("a4") = e,
                a5 asm("a5") = f, a7 asm("a7") = nr;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
  return a0;
}

static const char *const paths[] = {
    "/tmp/fuzz/a", "/tmp/fuzz/b", "a", "b", ".", "..", "/", "", "/proc/self/maps", "/proc/self/fd/0", "/proc/self/mem",
    "/proc/self/exe", "/dev/null", "/dev/zero", "/dev/tty", "/dev/ptmx", "/dev/pts/0", "d", "d/e", "link", "loop", "fifo", "/mnt",
    "/mnt/a", "/mnt/../mnt/b", "/mnt/d", "/proc", "/proc/1/stat", "/sys/module", "/dev/full", "/bin/sh", "a/b", "/proc/self/cwd",
    "/proc/self/root", "/mnt/link", "/dev/random", "/proc/self/status", "/dev/shm/x", "/proc/sys/kernel/hostname",
};
#define PATHS (sizeof paths / sizeof *paths)

static const int64_t numbers[] = {
    0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 17, 24, 31, 32, 63, 64, 65, 100, 127, 128, 255, 256, 511, 512, 1023,
    1024, 1025, 2048, 4095, 4096, 4097, 8192, 65535, 65536, 1 << 20, 1 << 24, 1 << 28, 1 << 30, 0x7fffffff, 0x80000000ll,
    0xfffffffell, 0xffffffffll, 0x100000000ll, 0x100000001ll, 0x3ffffffff0ll, 0x4000000000ll, 0x7fffffffffffll, 0x800000000000ll,
    0x1fffffffffffffll, 0x20000000000000ll, 0x20000000000001ll, INT64_MAX, INT64_MAX - 4095, INT64_MIN, INT64_MIN + 1, -1, -2,
    -3, -100, -4095, -4096, -4097, -0x80000000ll, -0x100000000ll, 0x80000, 0x800, 0x400, 0x40000, 0x10000000,
};
#define NUMBERS (sizeof numbers / sizeof *numbers)

#define PAGE 4096
/* 16 pages read-write, then one read-only, one PROT_NONE, a hole. */
static unsigned char *area;
static char longpath[5000];

static uint64_t pointer(void) {
  switch (below(16)) {
    case 0: return 0;
    case 1: return 1 + below(4096);
    case 2: return (uint64_t)area + 16 * PAGE - 1 - below(64);          /* runs into the read-only page */
    case 3: return (uint64_t)area + 16 * PAGE + below(PAGE);            /* read-only */
    case 4: return (uint64_t)area + 18 * PAGE - 1 - below(16);          /* PROT_NONE */
    case 5: return (uint64_t)area + 18 * PAGE + below(PAGE);            /* a hole */
    case 6: return (uint64_t)paths[below(PATHS)];
    case 7: return (uint64_t)paths[below(PATHS)];
    case 8: return (uint64_t)longpath + below(4800);
    case 9: return (uint64_t)numbers[below(NUMBERS)];
    case 10: return 0x4000000000ull - below(32);
    default: return (uint64_t)area + (below(4) == 0 ? below(16 * PAGE) : 8 * below(2 * PAGE));
  }
}

static uint64_t argument(void) {
  switch (below(10)) {
    case 0: case 1: case 2: return (uint64_t)numbers[below(NUMBERS)];
    case 3: return below(24);
    case 4: return below(4) == 0 ? next() : next() & 0xffffffff;
    case 5: return 1ull << below(64);
    case 6: return (1ull << below(32)) | (1ull << below(32));
    default: return pointer();
  }
}

/* Such as a call that means well would pass. */
static uint64_t friendly(void) {
  switch (below(8)) {
    case 0: return below(16);
    case 1: return 0;
    case 2: return 1ull << below(24);
    case 3: return (uint64_t)paths[below(PATHS)];
    case 4: return PAGE * (1 + below(8));
    case 5: return (uint64_t)area + PAGE * below(17);
    default: return (uint64_t)area + 8 * below(2 * PAGE);
  }
}

static void scatter(void) {
  uint64_t *words = (uint64_t *)area;
  for (unsigned i = 0; i < 16 * PAGE / 8; i++) {
    switch (below(5)) {
      case 0: words[i] = next(); break;
      case 1: words[i] = argument(); break;
      case 2: words[i] = below(64); break;
      case 3: words[i] = pointer(); break;
      default: words[i] = 0;
    }
  }
}

static int skipped(long nr, int root) {
  switch (nr) {
    case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: return 1;
    case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo: case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_send_signal: case SYS_reboot: case SYS_delete_module: case SYS_init_module: case SYS_finit_module:
    case SYS_umount2: case SYS_mount: case SYS_pivot_root: case SYS_chroot: case SYS_setpriority: case SYS_sched_setscheduler:
    case SYS_sched_setattr: case SYS_prlimit64: case SYS_sched_setparam: case SYS_ptrace:
      return root && below(8) != 0 ? 1 : root && nr != SYS_mount && nr != SYS_umount2 && nr != SYS_chroot && nr != SYS_init_module;
  }
  return 0;
}

static void child(int root, unsigned calls, const char *only) {
  struct itimerval { struct timeval i, v; } every = {{0, 2000}, {0, 2000}};
  if (!root) { setgid(1000); setuid(1000); }
  for (int fd = 3; fd < 12; fd++) {
    static const char *const open_these[] = {"a", "/dev/null", "/dev/zero", "d", "/mnt/a", "/proc/self/status", "/dev/ptmx"};
    open(open_these[fd % 7], fd % 7 == 3 || fd % 7 == 5 ? O_RDONLY : O_RDWR | O_CREAT, 0666);
  }
  int pipes[2];
  pipe(pipes);
  int pair[2], server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  listen(server, 4);
  socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
  eventfd(1, EFD_NONBLOCK);
  scatter();
  for (unsigned i = 0; i < calls; i++) {
    if (i % 16 == 0) {
      struct sigaction ignore = {.sa_handler = SIG_IGN}, act;
      memset(&act, 0, sizeof act);
      (void)ignore;
      raw(SYS_setitimer, 0, (long)&every, 0, 0, 0, 0);
    }
    if (i % 64 == 0) scatter();
    long nr = only != NULL ? atol(only) : (long)(below(16) == 0 ? below(500) : below(4) == 0 ? 260 + below(36) : below(264));
    if (only == NULL && below(64) == 0) nr = (long)next();
    if (skipped(nr, root)) continue;
    uint64_t (*pick)(void) = below(2) == 0 ? argument : friendly;
    long a = pick(), b = pick(), c = pick(), d = pick(), e = pick(), f = pick();
    if (below(3) == 0) a = below(20);
    if (below(3) == 0) b = pointer();
    if (nr == SYS_clone) {
      a &= ~(long)(0x100 | 0x200 | 0x10000);
      if (raw(nr, a & 0xffffff00, 0, c, d, e, 0) == 0) raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
      continue;
    }
    raw(nr, a, b, c, d, e, f);
  }
}

static void on_alarm(int s) { (void)s; }

int main(int argc, char **argv) {
  uint64_t seed = strtoull(argv[1], 0, 0);
  long wanted = atol(argv[2]), done = 0, children = 0;
  int root = argc < 4 || strcmp(argv[3], "user") != 0;
  const char *only = argc > 4 ? argv[4] : NULL;
  mkdir("/tmp/fuzz", 0777);
  chmod("/tmp/fuzz", 0777);
  if (chdir("/tmp/fuzz") != 0) return 2;
  memset(longpath, 'x', sizeof longpath - 1);
  for (int i = 250; i < 4800; i += 251) longpath[i] = '/';
  area = mmap(0, 19 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area + 16 * PAGE, PAGE, PROT_READ);
  mprotect(area + 17 * PAGE, PAGE, PROT_NONE);
  munmap(area + 18 * PAGE, PAGE);
  mkdir("d", 0777); mkdir("/mnt/d", 0777);
  symlink("a", "link"); symlink("loop", "loop"); symlink("../../../../etc/passwd", "/mnt/link");
  mkfifo("fifo", 0666);
  signal(SIGALRM, on_alarm);
  signal(SIGHUP, SIG_IGN);
  while (done < wanted) {
    state = seed * 0x9E3779B97F4A7C15ull + children + 1;
    for (int i = 0; i < 8; i++) next();
    pid_t pid = fork();
    if (pid < 0) { struct timespec t = {0, 1000000}; nanosleep(&t, 0); children++; if (children > wanted) return 3; continue; }
    if (pid == 0) {
      setpgid(0, 0);
      signal(SIGALRM, on_alarm);
      siginterrupt(SIGALRM, 1);
      child(root, 400, only);
      raw(SYS_exit_group, 7, 0, 0, 0, 0, 0);
    }
    for (int tries = 0;; tries++) {
      int status;
      struct timespec t = {0, 2000000};
      if (waitpid(pid, &status, WNOHANG) == pid) break;
      if (tries >= 500) kill(pid, SIGKILL);
      nanosleep(&t, 0);
    }
    kill(-pid, SIGKILL);
    while (waitpid(-1, 0, WNOHANG) > 0) {}
    children++;
    done += 400;
  }
  dprintf(1, "\ncalls %ld children %ld\n", done, children);
  return 0;
}
