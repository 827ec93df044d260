/* Uses up one thing, named by argv[1], and says how many of it there were and which error ended it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int said(long count) {
  int error = errno;
  printf("%ld %s\n", count, strerrorname_np(error) ? strerrorname_np(error) : "0");
  return 0;
}

static char block[65536];

static void *wait_here(void *unused) { for (;;) pause(); return unused; }

static int deep(int n) { volatile char b[4096]; memset((void *)b, n, sizeof b); return deep(n + 1) + b[n % 4096]; }

int main(int argc, char **argv) {
  const char *what = argv[1];
  long n = 0, most = argc > 2 ? atol(argv[2]) : 1 << 30;
#define CASE(name) else if (strcmp(what, name) == 0)
  if (0) {}
  CASE("forks") {
    for (; n < most; n++) { pid_t pid = fork(); if (pid < 0) break; if (pid == 0) for (;;) pause(); }
    int error = errno; signal(SIGTERM, SIG_IGN); kill(0, SIGTERM); while (wait(0) > 0) {} errno = error;
    return said(n);
  }
  CASE("bomb") { /* each child forks too */
    signal(SIGTERM, SIG_DFL); setpgid(0, 0);
    if (fork() == 0) { for (int i = 0; i < most; i++) fork(); for (;;) pause(); }
    sleep(2); signal(SIGTERM, SIG_IGN); kill(0, SIGTERM); while (wait(0) > 0) {}
    puts("over"); return 0;
  }
  CASE("reserve") { while (n < most && mmap(0, 1 << 24, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) n++; return said(n); }
  CASE("touch") { for (;; n++) { char *at = mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); if (at == MAP_FAILED) return said(n); memset(at, 1, 1 << 20); } }
  CASE("touch-shared") { for (;; n++) { char *at = mmap(0, 1 << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0); if (at == MAP_FAILED) return said(n); memset(at, 1, 1 << 20); } }
  CASE("populate") { while (mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED) n++; return said(n); }
  CASE("malloc") { for (char *p; n < most && (p = malloc(1 << 20)); n++) memset(p, 1, 1 << 20); return said(n); }
  CASE("tables") { /* one page in every 2 MiB: page tables are what runs out */
    char *at = mmap(0, 1ull << 37, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return said(-1);
    for (;; n++) at[n << 21] = 1;
  }
  CASE("file") { int fd = open("/tmp/huge", O_CREAT | O_WRONLY, 0600); while (write(fd, block, sizeof block) == sizeof block) n++; int e = errno; unlink("/tmp/huge"); errno = e; return said(n); }
  CASE("sparse") { int fd = open("/tmp/sparse", O_CREAT | O_RDWR, 0600); for (; pwrite(fd, "x", 1, n << 20) == 1; n++) {} int e = errno; unlink("/tmp/sparse"); errno = e; return said(n); }
  CASE("files") { char name[40]; mkdir("/tmp/files", 0700); for (; n < most; n++) { sprintf(name, "/tmp/files/%ld", n); int fd = open(name, O_CREAT | O_WRONLY, 0600); if (fd < 0) break; close(fd); }
    int e = errno; for (long i = 0; i < n; i++) { sprintf(name, "/tmp/files/%ld", i); unlink(name); } errno = e; return said(n); }
  CASE("symlinks") { char name[40]; memset(block, 'x', 4000); mkdir("/tmp/links", 0700); for (; n < most; n++) { sprintf(name, "/tmp/links/%ld", n); if (symlink(block, name)) break; }
    int e = errno; for (long i = 0; i < n; i++) { sprintf(name, "/tmp/links/%ld", i); unlink(name); } errno = e; return said(n); }
  CASE("deep-folders") { mkdir("/tmp/deep", 0700); chdir("/tmp/deep"); for (; n < most && mkdir("d", 0700) == 0 && chdir("d") == 0; n++) {} int e = errno; char cwd[100]; getcwd(cwd, sizeof cwd); for (long i = n; i > 0; i--) { chdir(".."); rmdir("d"); } errno = e; return said(n); }
  CASE("descriptors") { while (dup(1) >= 0) n++; int e = errno; for (int i = 3; i < 1024; i++) close(i); errno = e; return said(n); }
  CASE("descriptors-all") { struct rlimit all = {65536, 65536}; setrlimit(RLIMIT_NOFILE, &all); while (open("/dev/null", O_RDONLY) >= 0) n++; int e = errno; for (int i = 3; i < n + 3; i++) close(i); errno = e; return said(n); }
  CASE("pipes") { /* filled, of the largest size that can be had, in children that each have their own descriptors */
    int end[2]; struct rlimit all = {65536, 65536}; setrlimit(RLIMIT_NOFILE, &all);
    for (; n < most && pipe2(end, O_NONBLOCK) == 0; n++) { fcntl(end[1], F_SETPIPE_SZ, 1 << 20); while (write(end[1], block, sizeof block) > 0) {} if (errno != EAGAIN) break; }
    int e = errno; for (int i = 3; i < 2 * n + 6; i++) close(i); errno = e; return said(n);
  }
  CASE("signals") { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); union sigval v = {0}; while (n < most && sigqueue(getpid(), SIGRTMIN, v) == 0) n++; return said(n); }
  CASE("signals-raw") { sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); for (; n < most && kill(getpid(), SIGRTMIN) == 0; n++) {} errno = 0; return said(n); }
  CASE("timers") { struct sigevent ev = {.sigev_notify = SIGEV_NONE}; timer_t t; while (n < most && syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &t) == 0) n++; return said(n); }
  CASE("locks") { int fd = open("/tmp/locked", O_CREAT | O_RDWR, 0600); for (; n < most; n++) { struct flock l = {.l_type = n & 1 ? F_RDLCK : F_WRLCK, .l_whence = 0, .l_start = 2 * n, .l_len = 1}; if (fcntl(fd, F_SETLK, &l)) break; } return said(n); }
  CASE("areas") { char *at = mmap(0, 1ull << 30, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); for (; n < most && mprotect(at + n * 8192, 4096, 3) == 0; n++) {} return said(n); }
  CASE("threads") { pthread_attr_t a; pthread_attr_init(&a); pthread_attr_setstacksize(&a, 65536); pthread_t t; int e; while ((e = pthread_create(&t, &a, wait_here, 0)) == 0) n++; errno = e; return said(n); }
  CASE("ptys") { struct rlimit all = {65536, 65536}; setrlimit(RLIMIT_NOFILE, &all); while (n < most && open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0) n++; return said(n); }
  CASE("recursion") { struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}; setrlimit(RLIMIT_STACK, &none); return deep(0); }
  CASE("arguments") { char **args = calloc(200001, 8); static char big[100000]; memset(big, 'a', sizeof big - 1); int count = atoi(argv[2]); for (int i = 0; i < count; i++) args[i] = big; args[0] = argv[0]; args[1] = "exit"; execv(argv[0], args); return said(count); }
  CASE("argument-count") { char **args = calloc(2000001, 8); int count = atoi(argv[2]); for (int i = 0; i < count; i++) args[i] = "a"; args[0] = argv[0]; args[1] = "exit"; execv(argv[0], args); return said(count); }
  CASE("exit") return 42;
  CASE("zombies") { for (; n < most; n++) { pid_t pid = fork(); if (pid < 0) break; if (pid == 0) _exit(0); } int e = errno; while (wait(0) > 0) {} errno = e; return said(n); }
  CASE("victim") { /* a large process sleeps, a small one allocates last: the large one is to die */
    char *big; pid_t pid = fork();
    if (pid == 0) { long size = most << 20; big = mmap(0, size, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(big, 1, size); for (;;) pause(); }
    usleep(300000); int status = 0;
    for (n = 0; n < most; n++) { char *at = mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(at, 1, 1 << 20); }
    waitpid(pid, &status, 0); printf("%d\n", WTERMSIG(status)); return 0;
  }
  return 99;
}
