/* What the classes of scheduling do to each other, as sched(7) has it. Run as root; prints what does not hold. */
#include "../../process/programs/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define MS 1000000LL

static char *order;
static volatile int *length;

static long long now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 * MS + time.tv_nsec;
}
static void burn(long long ns) {
  long long end = now(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (now(CLOCK_THREAD_CPUTIME_ID) < end)
    for (volatile int i = 0; i < 1000; i++) continue;
}
static int set(pid_t pid, int policy, int priority) {
  struct sched_param param = {priority};
  return syscall(SYS_sched_setscheduler, pid, policy, &param);
}
static int reserve_as(uint64_t flags, long long runtime, long long period) {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attr = {48, 6, flags, 0, 0, runtime, period, period};
  return syscall(SYS_sched_setattr, 0, &attr, 0);
}
static int reserve(long long runtime, long long period) { return reserve_as(0, runtime, period); }
static void note(char letter) { order[(*length)++] = letter; }
static void forget(void) {
  memset(order, 0, 64);
  *length = 0;
}

/*
 * A child of that policy that does its part. It has the parent's priority until it first runs; then it falls to its own,
 * before its equals, so that of two the second is first.
 */
static pid_t start(int policy, int priority, void (*part)(char), char letter) {
  pid_t child = fork();
  if (child == 0) {
    CHECK(set(0, policy, priority) == 0);
    part(letter);
    _exit(0);
  }
  return child;
}
static void all(void) {
  while (wait(0) > 0) continue;
}

static void once(char letter) { note(letter); }
static void twice(char letter) {
  note(letter);
  sched_yield();
  note(letter);
}
static void long_one(char letter) {
  note(letter);
  burn(250 * MS);
  note(letter);
}

static void by_priority(void) {
  /* The parent is above all, so that nobody runs before all are there. */
  CHECK(set(0, SCHED_FIFO, 90) == 0);
  forget();
  start(SCHED_FIFO, 10, once, 'a');
  start(SCHED_RR, 30, once, 'b');
  start(SCHED_FIFO, 30, once, 'c');
  start(SCHED_OTHER, 0, once, 'd');
  start(SCHED_FIFO, 20, once, 'e');
  CHECK(*length == 0);
  all();
  CHECK(strcmp(order, "cbead") == 0);
}

static void yields(void) {
  forget();
  start(SCHED_FIFO, 40, twice, 'a');
  start(SCHED_FIFO, 40, twice, 'b');
  start(SCHED_FIFO, 30, once, 'c');
  all();
  CHECK(strcmp(order, "babac") == 0);
}

static void turns(void) {
  forget();
  start(SCHED_RR, 40, long_one, 'a');
  start(SCHED_RR, 40, long_one, 'b');
  all();
  CHECK(strcmp(order, "baba") == 0);
  forget();
  start(SCHED_FIFO, 40, long_one, 'a');
  start(SCHED_FIFO, 40, long_one, 'b');
  all();
  CHECK(strcmp(order, "bbaa") == 0);
}

static void runaway(void) {
  CHECK(set(0, SCHED_OTHER, 0) == 0);
  pid_t child = fork();
  if (child == 0) {
    set(0, SCHED_FIFO, 99);
    for (;;) continue;
  }
  /* It never blocks, and yet there is time left to stop it. */
  burn(60 * MS);
  CHECK(kill(child, SIGKILL) == 0);
  all();
}

static void reserved(void) {
  long long began = now(CLOCK_MONOTONIC), ran = now(CLOCK_THREAD_CPUTIME_ID);
  CHECK(reserve(2 * MS, 10 * MS) == 0);
  burn(20 * MS);
  long long took = now(CLOCK_MONOTONIC) - began;
  CHECK(took > 85 * MS && took < 110 * MS);
  began = now(CLOCK_MONOTONIC);
  for (int i = 0; i < 5; i++) sched_yield();
  took = now(CLOCK_MONOTONIC) - began;
  CHECK(took > 40 * MS && took < 55 * MS);
  CHECK(fork() == -1 && errno == EAGAIN);
  CHECK(set(0, SCHED_OTHER, 0) == 0);
  if (fork() == 0) {
    CHECK(reserve(9 * MS, 10 * MS) == 0);
    usleep(20000);
    _exit(0);
  }
  usleep(10000);
  CHECK(reserve(2 * MS, 10 * MS) == -1 && errno == EBUSY);
  all();
  CHECK(reserve(2 * MS, 10 * MS) == 0);
  CHECK(set(0, SCHED_OTHER, 0) == 0);
}

static volatile int overruns;
static void overrun(int signal) { overruns++; }

/* Flags of a deadline: a signal in each period that is used up; what nobody else was promised. */
static void flagged(void) {
  signal(SIGXCPU, overrun);
  CHECK(reserve_as(4, 2 * MS, 10 * MS) == 0);
  burn(9 * MS);
  CHECK(overruns >= 4 && overruns <= 5);
  CHECK(reserve(2 * MS, 10 * MS) == 0);
  overruns = 0;
  burn(5 * MS);
  CHECK(overruns == 0);
  CHECK(reserve_as(2, 2 * MS, 10 * MS) == 0);
  long long began = now(CLOCK_MONOTONIC);
  burn(90 * MS);
  long long took = now(CLOCK_MONOTONIC) - began;
  CHECK(took > 90 * MS && took < 115 * MS);
  CHECK(set(0, SCHED_OTHER, 0) == 0);
}

static void *in_thread(void *argument) {
  struct sched_param param;
  int policy;
  CHECK(pthread_getschedparam(pthread_self(), &policy, &param) == 0);
  CHECK(policy == SCHED_RR && param.sched_priority == 7);
  execl("/proc/self/exe", "policies", "executed", NULL);
  return 0;
}

/* A thread's policy goes with it when it executes a program in its leader's place. */
static void executes(void) {
  if (fork() == 0) {
    pthread_t thread;
    pthread_attr_t attributes;
    struct sched_param param = {7};
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_RR);
    pthread_attr_setschedparam(&attributes, &param);
    CHECK(pthread_create(&thread, &attributes, in_thread, 0) == 0);
    for (;;) pause();
  }
  all();
}

int main(int count, char **arguments) {
  if (count > 1) {
    struct sched_param param;
    CHECK(sched_getscheduler(0) == SCHED_RR && sched_getparam(0, &param) == 0 && param.sched_priority == 7);
    return 0;
  }
  order = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  length = (int *)(order + 1024);
  by_priority();
  yields();
  turns();
  runaway();
  if (reserve(2 * MS, 10 * MS) == 0) {
    reserved();
    flagged();
  }
  executes();
  return 0;
}
