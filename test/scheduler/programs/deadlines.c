/*
 * A job of 5 ms in each 10 ms beside processes that never stop: deadlines.c POLICY HOGS JOBS.
 *
 * POLICY is other, fifo or deadline. Prints how many jobs were done after the end of their period, and how little any of
 * the others did meanwhile.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL
#define JOB (5 * MS)
#define RESERVED (6 * MS)
#define PERIOD (10 * MS)
#define MOST_HOGS 16

struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

static long long now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 * MS + time.tv_nsec;
}

static int set(const char *policy) {
  struct attr attr = {.size = sizeof attr};
  if (strcmp(policy, "fifo") == 0) {
    attr.policy = SCHED_FIFO;
    attr.priority = 50;
  } else if (strcmp(policy, "deadline") == 0) {
    attr.policy = 6;
    attr.runtime = RESERVED;
    attr.deadline = attr.period = PERIOD;
  }
  return syscall(SYS_sched_setattr, 0, &attr, 0);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int hogs = atoi(arguments[2]), jobs = atoi(arguments[3]), missed = 0;
  long long worst = -PERIOD;
  volatile long *work = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t children[MOST_HOGS];
  for (int i = 0; i < hogs; i++) {
    children[i] = fork();
    if (children[i] == 0)
      for (;;) work[i]++;
  }
  if (set(arguments[1]) < 0) {
    perror(arguments[1]);
    for (int i = 0; i < hogs; i++) kill(children[i], SIGKILL);
    return 1;
  }
  struct timespec until;
  long long start = now(CLOCK_MONOTONIC);
  for (int job = 1; job <= jobs; job++) {
    long long done = now(CLOCK_THREAD_CPUTIME_ID) + JOB;
    while (now(CLOCK_THREAD_CPUTIME_ID) < done)
      for (volatile int i = 0; i < 1000; i++) continue;
    long long end = start + job * PERIOD;
    long long late = now(CLOCK_MONOTONIC) - end;
    if (late > 0) missed++;
    if (late > worst) worst = late;
    until.tv_sec = end / (1000 * MS);
    until.tv_nsec = end % (1000 * MS);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0);
  }
  long least = hogs > 0 ? work[0] : 0;
  for (int i = 0; i < hogs; i++) {
    if (work[i] < least) least = work[i];
    kill(children[i], SIGKILL);
  }
  while (wait(0) > 0) continue;
  printf("missed %d of %d, worst by %lld us, least work %ld\n", missed, jobs, worst / 1000, least);
  return 0;
}
