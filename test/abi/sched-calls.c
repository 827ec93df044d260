/*
 * Calls on scheduling, one after the other, with what each returned: a table.
 *
 * Run as root under a scheduler with all policies. What Linux prints is in sched-calls.expected, recorded on Linux 6.18
 * (x86-64). Slices of normal threads and room for deadlines depend on the machine and are not in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t clamps[2];
  uint64_t more[2];
};

#define NOBODY 1000
#define MS 1000000ULL
#define DEADLINE 6
#define KEEP_POLICY 0x08
#define KEEP_PARAMS 0x10

static const char *name_of(int error) {
  switch (error) {
    case EPERM: return "EPERM";
    case ESRCH: return "ESRCH";
    case EAGAIN: return "EAGAIN";
    case EACCES: return "EACCES";
    case EFAULT: return "EFAULT";
    case EBUSY: return "EBUSY";
    case EINVAL: return "EINVAL";
    case E2BIG: return "E2BIG";
  }
  return "?";
}

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, name_of(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define T(call) say(#call, (call))

/* The raw calls: the C library has its own ideas of some of them. */
static long set_scheduler(long pid, long policy, int priority) {
  struct sched_param param = {priority};
  return syscall(SYS_sched_setscheduler, pid, policy, &param);
}
static long set_param(long pid, int priority) {
  struct sched_param param = {priority};
  return syscall(SYS_sched_setparam, pid, &param);
}
static long get_param(long pid) {
  struct sched_param param = {-1};
  long result = syscall(SYS_sched_getparam, pid, &param);
  return result < 0 ? result : param.sched_priority;
}
static long get_scheduler(long pid) { return syscall(SYS_sched_getscheduler, pid); }
static long set_attr(long pid, struct attr attr, int flags) {
  return syscall(SYS_sched_setattr, pid, &attr, flags);
}
static long set_size(uint32_t size, int tail) {
  struct attr attr = {.size = size};
  attr.more[0] = tail;
  return syscall(SYS_sched_setattr, 0, &attr, 0);
}
static long size_told(uint32_t size, int tail) {
  struct attr attr = {.size = size};
  attr.more[0] = tail;
  syscall(SYS_sched_setattr, 0, &attr, 0);
  return attr.size;
}
static long get_size(long pid, uint32_t size, int flags) {
  char room[8192];
  long result = syscall(SYS_sched_getattr, pid, room, size, flags);
  return result < 0 ? result : ((struct attr *)room)->size;
}
static void show(const char *what) {
  struct attr attr;
  memset(&attr, 0, sizeof attr);
  if (syscall(SYS_sched_getattr, 0, &attr, 56, 0) < 0) {
    say(what, -1);
    return;
  }
  printf("%s: policy %u flags %llu nice %d priority %u", what, attr.policy, (unsigned long long)attr.flags,
         attr.nice, attr.priority);
  if (attr.policy == DEADLINE)
    printf(" runtime %llu deadline %llu period %llu", (unsigned long long)attr.runtime,
           (unsigned long long)attr.deadline, (unsigned long long)attr.period);
  printf("\n");
}
static long interval(long pid) {
  struct timespec time;
  long result = syscall(SYS_sched_rr_get_interval, pid, &time);
  return result < 0 ? result : time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
static long set_mask(long pid, size_t size, unsigned long bits) {
  unsigned long mask[2] = {bits, 0};
  return syscall(SYS_sched_setaffinity, pid, size, mask);
}
static long raw_priority(int which, int who) { return syscall(SYS_getpriority, which, who); }
static void limit(int resource, rlim_t soft) {
  struct rlimit value = {soft, soft};
  if (setrlimit(resource, &value) < 0) printf("setrlimit: %s\n", name_of(errno));
}
#define AS(kind, ...) ((struct attr){.size = 56, .policy = (kind), __VA_ARGS__})
#define TIMES(r, d, p) .runtime = (r), .deadline = (d), .period = (p)

static void policies(void) {
  for (int policy = -1; policy < 8; policy++) {
    printf("policy %d\n", policy);
    T(syscall(SYS_sched_get_priority_max, policy));
    T(syscall(SYS_sched_get_priority_min, policy));
    T(set_scheduler(0, policy, 0));
    T(set_scheduler(0, policy, 1));
    T(get_scheduler(0));
    T(get_param(0));
  }
  T(set_scheduler(0, SCHED_FIFO, 99));
  T(set_scheduler(0, SCHED_FIFO, 100));
  T(set_scheduler(0, SCHED_FIFO, -1));
  T(set_param(0, 98));
  T(set_param(0, 0));
  T(get_param(0));
  T(set_scheduler(0, SCHED_RR, 98));
  T(interval(0));
  T(set_scheduler(0, SCHED_FIFO, 98));
  T(interval(0));
  T(interval(-1));
  T(interval(99999));
  T(syscall(SYS_sched_rr_get_interval, 0, 8));
  show("fifo");
  T(set_scheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, 7));
  T(get_scheduler(0));
  show("reset on fork");
  T(set_scheduler(-1, SCHED_OTHER, 0));
  T(set_scheduler(99999, SCHED_OTHER, 0));
  T(set_param(-1, 0));
  T(set_param(99999, 0));
  T(get_param(-1));
  T(get_scheduler(-1));
  T(get_scheduler(99999));
  T(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 0));
  T(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 8));
  T(syscall(SYS_sched_setscheduler, 99999, SCHED_OTHER, 8));
  T(syscall(SYS_sched_setparam, 0, 0));
  T(syscall(SYS_sched_getparam, 0, 0));
  T(syscall(SYS_sched_getparam, 0, 8));
  T(set_scheduler(0, SCHED_OTHER, 0));
  T(get_scheduler(0));
  T(sched_yield());
}

static void attributes(void) {
  T(set_size(0, 0));
  T(set_size(40, 0));
  T(size_told(40, 0));
  T(set_size(48, 0));
  T(set_size(72, 0));
  T(set_size(72, 1));
  T(size_told(72, 1));
  T(set_size(4097, 0));
  T(get_size(0, 47, 0));
  T(get_size(0, 48, 0));
  T(get_size(0, 56, 0));
  T(get_size(0, 100, 0));
  T(get_size(0, 4097, 0));
  T(get_size(0, 56, 1));
  T(get_size(-1, 56, 0));
  T(get_size(99999, 56, 0));
  T(syscall(SYS_sched_setattr, 0, 0, 0));
  T(syscall(SYS_sched_setattr, 0, 8, 0));
  T(syscall(SYS_sched_getattr, 0, 0, 56, 0));
  T(syscall(SYS_sched_getattr, 0, 8, 56, 0));
  T(set_attr(0, AS(SCHED_OTHER), 1));
  T(set_attr(-1, AS(SCHED_OTHER), 0));
  T(set_attr(99999, AS(SCHED_OTHER), 0));
  T(set_attr(99999, AS(77), 0));
  T(set_attr(0, AS(77), 0));
  T(set_attr(0, AS(-1u), 0));
  T(set_attr(0, AS(SCHED_OTHER, .flags = 0x100), 0));
  T(set_attr(0, AS(SCHED_OTHER, .flags = 1ULL << 40), 0));
  T(set_attr(0, AS(SCHED_OTHER, .priority = 1), 0));
  T(set_attr(0, AS(SCHED_OTHER, .nice = 5), 0));
  show("nicer");
  T(raw_priority(PRIO_PROCESS, 0));
  T(set_attr(0, AS(SCHED_BATCH, .nice = -40), 0));
  show("least nice batch");
  T(set_attr(0, AS(SCHED_IDLE, .nice = 3), 0));
  T(raw_priority(PRIO_PROCESS, 0));
  T(set_attr(0, AS(SCHED_FIFO, .priority = 3, .nice = 4), 0));
  show("fifo");
  T(set_attr(0, AS(SCHED_OTHER, .flags = KEEP_POLICY, .priority = 4), 0));
  show("policy kept");
  T(set_attr(0, AS(SCHED_RR, .flags = KEEP_PARAMS), 0));
  show("parameters kept");
  T(set_attr(0, AS(SCHED_OTHER, .nice = 0), 0));
}

static void deadlines(void) {
  T(set_attr(0, AS(DEADLINE, TIMES(0, 0, 0)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(1023, 10 * MS, 10 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 0, 10 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(5 * MS, 4 * MS, 10 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 9 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(2000, 50000, 50000)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 5000 * MS, 5000 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(1ULL << 63, 10 * MS, 10 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 1ULL << 63)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 0), .priority = 1), 0));
  T(set_scheduler(0, DEADLINE, 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 0)), 0));
  show("deadline");
  T(get_scheduler(0));
  T(get_param(0));
  T(interval(0));
  T(fork());
  T(sched_yield());
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 20 * MS), .flags = 1), 0));
  show("deadline, reset on fork");
  pid_t child = fork();
  if (child == 0) {
    show("its child");
    _exit(0);
  }
  say("fork", child > 0 ? 1 : -1);
  waitpid(child, 0, 0);
  T(set_attr(0, AS(DEADLINE, TIMES(2 * MS, 10 * MS, 20 * MS), .flags = 2), 0));
  show("reclaiming");
  T(set_scheduler(0, SCHED_OTHER, 0));
  show("normal again");
}

static void inherited(void) {
  setpriority(PRIO_PROCESS, 0, -5);
  set_scheduler(0, SCHED_FIFO, 12);
  fflush(stdout);
  if (fork() == 0) {
    show("child");
    _exit(0);
  }
  wait(0);
  set_scheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 12);
  if (fork() == 0) {
    show("child of one that resets");
    T(raw_priority(PRIO_PROCESS, 0));
    _exit(0);
  }
  wait(0);
  set_scheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, 0);
  if (fork() == 0) {
    show("child of a batch one that resets");
    _exit(0);
  }
  wait(0);
  set_scheduler(0, SCHED_OTHER, 0);
  setpriority(PRIO_PROCESS, 0, 0);
}

static void nices(void) {
  T(setpriority(PRIO_PROCESS, 0, 50));
  T(raw_priority(PRIO_PROCESS, 0));
  T(setpriority(PRIO_PROCESS, 0, -50));
  T(raw_priority(PRIO_PROCESS, 0));
  T(setpriority(PRIO_PROCESS, 0, 0));
  T(setpriority(3, 0, 0));
  T(setpriority(-1, 0, 0));
  T(raw_priority(3, 0));
  T(setpriority(PRIO_PROCESS, 99999, 0));
  T(raw_priority(PRIO_PROCESS, 99999));
  T(raw_priority(PRIO_PGRP, 99999));
  T(raw_priority(PRIO_USER, 54321));
  T(setpriority(PRIO_USER, 54321, 0));
  setpgid(0, 0);
  int ready[2];
  if (pipe(ready) < 0) return;
  pid_t child = fork();
  if (child == 0) {
    close(ready[1]);
    char byte;
    T(read(ready[0], &byte, 1));
    _exit(0);
  }
  T(setpriority(PRIO_PGRP, 0, 4));
  T(raw_priority(PRIO_PROCESS, child));
  T(setpriority(PRIO_PROCESS, child, 6));
  T(raw_priority(PRIO_PGRP, 0));
  close(ready[1]);
  waitpid(child, 0, 0);
  T(setpriority(PRIO_PROCESS, 0, 0));
}

static void affinity(void) {
  unsigned long mask[4];
  T(syscall(SYS_sched_getaffinity, 0, 7, mask));
  T(syscall(SYS_sched_getaffinity, 0, 12, mask));
  T(syscall(SYS_sched_getaffinity, 0, 0, mask));
  T(syscall(SYS_sched_getaffinity, 0, 8, mask));
  T(syscall(SYS_sched_getaffinity, 99999, 8, mask));
  T(syscall(SYS_sched_getaffinity, -1, 8, mask));
  T(syscall(SYS_sched_getaffinity, 0, 8, 8));
  T(set_mask(0, 8, 1));
  T(set_mask(0, 16, 1));
  T(set_mask(0, 1, 1));
  T(set_mask(0, 0, 1));
  T(set_mask(0, 8, 0));
  T(set_mask(0, 8, 1UL << 60));
  T(set_mask(99999, 8, 1));
  T(syscall(SYS_sched_setaffinity, 0, 8, 8));
  T(syscall(SYS_sched_setaffinity, 99999, 8, 8));
}

static void unprivileged(pid_t root) {
  limit(RLIMIT_NICE, 0);
  limit(RLIMIT_RTPRIO, 0);
  if (setresuid(NOBODY, NOBODY, NOBODY) < 0) return;
  T(setpriority(PRIO_PROCESS, 0, 3));
  T(setpriority(PRIO_PROCESS, 0, 2));
  T(setpriority(PRIO_PROCESS, root, 3));
  T(setpriority(PRIO_PROCESS, root, -3));
  T(set_attr(0, AS(SCHED_OTHER, .nice = 2), 0));
  T(set_attr(0, AS(SCHED_OTHER, .nice = 4), 0));
  T(set_attr(root, AS(SCHED_OTHER, .nice = 4), 0));
  T(set_scheduler(0, SCHED_FIFO, 1));
  T(set_scheduler(0, SCHED_FIFO, 0));
  T(set_scheduler(0, SCHED_RR, 100));
  T(set_scheduler(0, 77, 0));
  T(set_scheduler(root, SCHED_BATCH, 0));
  T(set_mask(root, 8, 1));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, 10 * MS, 10 * MS)), 0));
  T(set_attr(0, AS(DEADLINE, TIMES(MS, MS / 2, 10 * MS)), 0));
  T(set_scheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, 0));
  T(set_scheduler(0, SCHED_BATCH, 0));
  T(set_scheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
  T(set_scheduler(0, SCHED_IDLE | SCHED_RESET_ON_FORK, 0));
  T(set_scheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
}

static void of_the_dead(void) {
  siginfo_t info;
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  T(get_scheduler(child));
  T(set_scheduler(child, SCHED_FIFO, 5));
  T(set_scheduler(child, SCHED_FIFO, 0));
  T(raw_priority(PRIO_PROCESS, child));
  waitpid(child, 0, 0);
  T(get_scheduler(child));
}

static void in_child(void (*part)(pid_t), pid_t argument) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    part(argument);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 65536);
  policies();
  attributes();
  deadlines();
  inherited();
  nices();
  affinity();
  of_the_dead();
  in_child(unprivileged, getpid());
  return 0;
}
