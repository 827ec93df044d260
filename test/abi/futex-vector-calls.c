/*
 * futex_waitv(2), futex_wake, futex_wait and futex_requeue as a program sees them.
 *
 * Nothing that it prints depends on how fast the machine is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAITV = 449, WAKE = 454, WAIT = 455, REQUEUE = 456 };
enum { U32 = 2, PRIVATE = 128 };
struct word {
  uint64_t value, address;
  uint32_t flags, reserved;
};

static uint32_t words[3], *shared;

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) < 0) continue;
}
static struct timespec in_ms(int clock, int ms) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms * 1000000L;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static long waitv(struct word *at, unsigned count, unsigned flags, struct timespec *time, int clock) {
  return syscall(WAITV, at, count, flags, time, clock);
}
static long wake(uint32_t *at, unsigned long mask, int count) { return syscall(WAKE, at, mask, count, U32 | PRIVATE); }

static struct word vector[130];
static void fill(void) {
  for (int i = 0; i < 130; i++) vector[i] = (struct word){0, (uintptr_t)&words[i % 3], U32 | PRIVATE, 0};
}

static void errors(void) {
  struct timespec bad = {0, 1000000000}, past = {1, 0}, soon;
  fill();
  say("none", waitv(vector, 0, 0, NULL, 0));
  say("too many", waitv(vector, 129, 0, NULL, 0));
  say("no vector", waitv(NULL, 1, 0, NULL, 0));
  say("bad vector", waitv((struct word *)8, 1, 0, NULL, 0));
  say("flags", waitv(vector, 1, 1, NULL, 0));
  say("clock", waitv(vector, 1, 0, &past, CLOCK_BOOTTIME));
  say("bad time", waitv(vector, 1, 0, &bad, CLOCK_MONOTONIC));
  say("bad address of a time", waitv(vector, 1, 0, (void *)8, CLOCK_MONOTONIC));
  say("until the past", waitv(vector, 3, 0, &past, CLOCK_REALTIME));
  soon = in_ms(CLOCK_MONOTONIC, 10);
  say("until soon", waitv(vector, 128, 0, &soon, CLOCK_MONOTONIC));
  vector[1].flags = PRIVATE;
  say("bytes", waitv(vector, 3, 0, NULL, 0));
  vector[1].flags = U32 | 64;
  say("unknown flag", waitv(vector, 3, 0, NULL, 0));
  fill();
  vector[1].reserved = 1;
  say("reserved", waitv(vector, 3, 0, NULL, 0));
  fill();
  vector[1].value = 1ull << 32;
  say("value too large", waitv(vector, 3, 0, NULL, 0));
  vector[1].value = 7;
  say("another value", waitv(vector, 3, 0, NULL, 0));
  fill();
  vector[2].address++;
  say("unaligned", waitv(vector, 3, 0, NULL, 0));
  vector[2].address = 0;
  say("no memory", waitv(vector, 3, 0, NULL, 0));
  say("wake: flags", syscall(WAKE, words, 1, 1, 0));
  say("wake: mask", syscall(WAKE, words, 0, 1, U32));
  say("wake: wide mask", syscall(WAKE, words, 1ul << 32, 1, U32));
  say("wake: unaligned", syscall(WAKE, (char *)words + 2, 1, 1, U32));
  say("wake nobody", wake(words, 1, 1));
  say("wait: flags", syscall(WAIT, words, 0, 1, 0, NULL, 0));
  say("wait: mask", syscall(WAIT, words, 0, 0, U32, NULL, 0));
  say("wait: another value", syscall(WAIT, words, 1, 1, U32, NULL, 0));
  say("wait: wide value", syscall(WAIT, words, 1ul << 32, 1, U32, NULL, 0));
  say("wait: clock", syscall(WAIT, words, 0, 1, U32, &past, 9));
  say("wait until the past", syscall(WAIT, words, 0, 1, U32, &past, CLOCK_REALTIME));
  fill();
  say("requeue: flags", syscall(REQUEUE, vector, 1, 1, 1));
  say("requeue: no words", syscall(REQUEUE, NULL, 0, 1, 1));
  say("requeue: negative", syscall(REQUEUE, vector, 0, -1, 1));
  vector[0].value = 3;
  say("requeue: another value", syscall(REQUEUE, vector, 0, 1, 1));
}

static long results[4];
static void *any(void *count) {
  long result = waitv(vector, (unsigned)(intptr_t)count, 0, NULL, 0);
  return (void *)(result < 0 ? -errno : result);
}
static void *one(void *mask) {
  long result = syscall(WAIT, &words[0], 0, (unsigned long)mask, U32 | PRIVATE, NULL, 0);
  return (void *)(result < 0 ? -errno : result);
}
static void handler(int signal) {}

static void waits(void) {
  pthread_t threads[4];
  void *result;
  fill();
  for (int i = 0; i < 3; i++) {
    pthread_create(&threads[0], NULL, any, (void *)3);
    pause_ms(30);
    say("wake", wake(&words[i], ~0u, 1));
    pthread_join(threads[0], &result);
    printf("woken by %ld\n", (long)result);
    say("nobody is left", wake(&words[(i + 1) % 3], ~0u, 9));
  }
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  vector[1] = (struct word){0, (uintptr_t)shared, U32, 0};
  pthread_create(&threads[0], NULL, any, (void *)2);
  pause_ms(30);
  say("wake shared", syscall(WAKE, shared, 1, 1, U32));
  pthread_join(threads[0], &result);
  printf("woken by %ld\n", (long)result);

  for (int i = 0; i < 4; i++) {
    pthread_create(&threads[i], NULL, one, (void *)(1l << i));
    pause_ms(30);
  }
  say("wake by mask", wake(words, 4, 9));
  pthread_join(threads[2], &result);
  printf("woken %ld\n", (long)result);
  say("wake none", wake(words, ~0u, 0));
  fill();
  say("requeue", syscall(REQUEUE, vector, 0, 1, 1));
  pthread_join(threads[0], &result);
  say("wake where they were", wake(&words[0], ~0u, 9));
  pthread_join(threads[3], &result);
  say("wake where it is", wake(&words[1], ~0u, 9));
  pthread_join(threads[1], &result);

  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 0);
  say("signal", waitv(vector, 3, 0, NULL, 0));
  ualarm(20000, 0);
  say("signal to a wait", syscall(WAIT, words, 0, 1, U32, NULL, 0));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  struct timespec soon = in_ms(CLOCK_REALTIME, 60);
  ualarm(20000, 0);
  say("signal, restarted", waitv(vector, 3, 0, &soon, CLOCK_REALTIME));
}

int main(void) {
  errors();
  waits();
  return 0;
}
