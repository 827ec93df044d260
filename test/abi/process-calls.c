/*
 * What Linux promises of waiting, of what getrusage counts, of prctl and of priorities of block I/O, line by line.
 *
 * process-calls.expected was recorded on Linux 6.18 (x86-64).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0 && result > -4096) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define T(call) say(#call, (long)(call))
#define BAD ((void *)8)
#define MEBIBYTE (1 << 20)

static int status;
static pid_t child_of(unsigned flags) {
  pid_t pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (pid == 0) _exit(3);
  return pid;
}

static void kinds(void) {
  puts("# kinds of children");
  signal(SIGUSR2, SIG_IGN);
  pid_t pid = child_of(0);
  T(waitpid(pid, &status, 0));
  T(waitpid(-1, &status, WNOHANG));
  T(waitpid(pid, &status, __WCLONE) == pid);
  T(WEXITSTATUS(status));
  pid = child_of(SIGUSR2);
  T(waitpid(pid, &status, WNOHANG));
  T(waitpid(pid, &status, __WALL) == pid);
  pid = child_of(SIGCHLD);
  T(waitpid(pid, &status, __WCLONE));
  siginfo_t info;
  T(waitid(P_PID, pid, &info, WEXITED | __WCLONE));
  T(waitid(P_PID, pid, &info, WEXITED));
  T(info.si_status);
}

static struct rusage usage;
static struct rusage *of(int who) {
  getrusage(who, &usage);
  return &usage;
}
static void touch(int mebibytes) {
  char *at = mmap(0, mebibytes * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(at, 1, mebibytes * MEBIBYTE);
  munmap(at, mebibytes * MEBIBYTE);
}

static void counted(void) {
  puts("# what is counted");
  T(getrusage(-3, &usage));
  T(getrusage(2, &usage));
  T(getrusage(RUSAGE_SELF, BAD));
  T(of(RUSAGE_CHILDREN)->ru_maxrss < 8000);
  long before = of(RUSAGE_SELF)->ru_maxrss, faults = usage.ru_minflt;
  touch(8);
  T(of(RUSAGE_SELF)->ru_maxrss - before > 7000);
  T(usage.ru_minflt > faults);
  long slept = usage.ru_nvcsw;
  for (int i = 0; i < 5; i++) usleep(1000);
  T(of(RUSAGE_SELF)->ru_nvcsw >= slept + 5);
  T(of(RUSAGE_THREAD)->ru_nvcsw >= slept + 5);
  pid_t pid = fork();
  if (pid == 0) {
    T(of(RUSAGE_SELF)->ru_maxrss < 16000);
    touch(16);
    _exit(0);
  }
  T(wait4(pid, 0, 0, &usage) == pid);
  T(usage.ru_maxrss > 16000);
  T(of(RUSAGE_CHILDREN)->ru_maxrss > 16000);
  T(usage.ru_minflt > 0);
  T(of(RUSAGE_SELF)->ru_maxrss < 16000);
}

static int get_io(int which, int who) { return syscall(SYS_ioprio_get, which, who); }
static int set_io(int which, int who, int class, int level) {
  return syscall(SYS_ioprio_set, which, who, class << 13 | level);
}

static void block_io(void) {
  puts("# block I/O");
  T(set_io(1, 0, 2, 5));
  T(get_io(1, 0));
  pid_t pid = fork();
  if (pid == 0) _exit(get_io(1, 0) & 15);
  waitpid(pid, &status, 0);
  T(WEXITSTATUS(status));
  T(set_io(1, 0, 3, 0));
  T(get_io(1, 0));
  T(set_io(1, 0, 0, 4));
  T(set_io(1, 0, 4, 0));
  T(set_io(1, 1 << 22, 2, 4));
  T(get_io(1, 1 << 22));
  T(get_io(4, 0));
  T(set_io(2, 0, 2, 3));
  T(get_io(2, 0));
  T(set_io(1, 0, 0, 0));
  T(get_io(1, 0));
}

static void options(void) {
  puts("# prctl");
  T(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0));
  T(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  T(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  T(prctl(PR_SET_TIMING, 1, 0, 0, 0));
  T(prctl(PR_GET_TIMING, 0, 0, 0, 0));
  T(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
  T(prctl(PR_SET_THP_DISABLE, 0, 1, 1, 1));
  T(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  T(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  T(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
  T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
  T(prctl(PR_SET_TIMERSLACK, 70000, 0, 0, 0));
  T(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
    _exit(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 70000);
  }
  waitpid(pid, &status, 0);
  T(WEXITSTATUS(status));
  T(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
  T(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  T(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0));
  T(prctl(999, 0, 0, 0, 0));
}

static void clocks(void) {
  puts("# clocks without timers");
  int id;
  T(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, 0, &id));
  T(syscall(SYS_timer_create, CLOCK_REALTIME_COARSE, 0, &id));
  T(syscall(SYS_timer_create, 55, 0, &id));
  struct timespec time = {0, 1};
  T(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &time, 0));
  T(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &time, 0));
}

int main(void) {
  kinds();
  counted();
  block_io();
  options();
  clocks();
  return 0;
}
