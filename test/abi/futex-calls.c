/*
 * futex(2) as a program sees it: results and errors of each operation and words that are owned.
 *
 * Nothing that it prints depends on how fast the machine is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t word, other;

static long futex(uint32_t *at, int op, uint32_t value, void *time, uint32_t *at2, uint32_t value3) {
  return syscall(SYS_futex, at, op, value, time, at2, value3);
}
static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}
static struct timespec in_ms(int clock, int ms) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += ms * 1000000L;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

/* Waiters: each counts itself, waits, and leaves its result. */
static long results[8];
static uint32_t masks[8];
static int order[8], woken;
static void *waiter(void *index) {
  int i = (int)(intptr_t)index;
  long result = futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, word, NULL, NULL, masks[i]);
  results[i] = result < 0 ? -errno : result;
  order[__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST)] = i;
  return NULL;
}
static pthread_t threads[8];
static void start(int count) {
  woken = 0;
  for (int i = 0; i < count; i++) {
    pthread_create(&threads[i], NULL, waiter, (void *)(intptr_t)i);
    pause_ms(30);
  }
}
static void await(int count) {
  while (__atomic_load_n(&woken, __ATOMIC_SEQ_CST) < count) pause_ms(1);
}

static void plain(void) {
  struct timespec soon = {0, 5000000}, bad = {0, 1000000000}, negative = {-1, 0};
  say("wait, another value", futex(&word, FUTEX_WAIT, 9, NULL, NULL, 0));
  say("wait, time-out", futex(&word, FUTEX_WAIT, 0, &soon, NULL, 0));
  say("wait, bad time", futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0));
  say("wait, negative time", futex(&word, FUTEX_WAIT, 0, &negative, NULL, 0));
  say("wait, unaligned", futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 0, &soon, NULL, 0));
  say("wait, no memory", futex((uint32_t *)8, FUTEX_WAIT, 0, &soon, NULL, 0));
  say("wait, no bits", futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
  struct timespec past = {1, 0}, at = in_ms(CLOCK_REALTIME, 5);
  say("wait until the past", futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, ~0u));
  say("wait until a time of day",
      futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, NULL, ~0u));
  say("wake nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
  say("wake, no bits", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
  say("wake, unaligned", futex((uint32_t *)((char *)&word + 2), FUTEX_WAKE, 1, NULL, NULL, 0));
  say("clock of a wake", futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
  say("no such operation", futex(&word, 77, 1, NULL, NULL, 0));
  say("requeue, negative", futex(&word, FUTEX_REQUEUE, 1, (void *)(intptr_t)-1, &other, 0));
  say("cmp_requeue, another value", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 5));
}

static void queues(void) {
  for (int i = 0; i < 8; i++) masks[i] = 1u << (i % 2);
  start(6);
  say("wake by bits", futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 2, NULL, NULL, 2));
  await(2);
  say("requeue 1 and 2", futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2, &other, 0));
  await(3);
  say("wake where they were", futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0));
  await(4);
  say("wake where they are", futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0));
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  int sum = 0;
  for (int i = 0; i < 6; i++) sum += order[i] * (i < 2) + results[i];
  printf("first two %d, results 0: %d\n", sum, sum == 1 + 3);
}

static void wake_op(void) {
  masks[0] = masks[1] = masks[2] = ~0u;
  start(3);
  other = 5;
  int add = FUTEX_OP(FUTEX_OP_ADD, 7, FUTEX_OP_CMP_GT, 4), shift = FUTEX_OP(8 | FUTEX_OP_OR, 4, FUTEX_OP_CMP_LT, 0);
  say("wake_op", futex(&other, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, (void *)2, &word, shift));
  printf("words %u %u\n", word, other);
  word = 5;
  say("wake_op, both", futex(&word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, (void *)2, &other, add));
  printf("words %u %u\n", word, other);
  say("wake the rest", futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0));
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  word = other = 0;
}

static const char *shape(uint32_t value, pid_t owner) {
  static char text[40];
  uint32_t tid = value & FUTEX_TID_MASK;
  snprintf(text, 40, "%s%s%s", tid == owner ? "owner" : tid == 0 ? "none" : "other",
           value & FUTEX_WAITERS ? " waiters" : "", value & FUTEX_OWNER_DIED ? " died" : "");
  return text;
}

static int turns[4], turn;
static void *owner(void *index) {
  pid_t self = gettid();
  long result = futex(&word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
  turns[turn++] = (int)(intptr_t)index;
  if ((word & FUTEX_TID_MASK) != self) printf("not the owner\n");
  return (void *)(result | (futex(&word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0) << 8));
}
static void handler(int signal) {}
static void *dies(void *nothing) {
  futex(&word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
  pause_ms(60);
  return NULL;
}

static void owned(void) {
  const int flag = FUTEX_PRIVATE_FLAG;
  struct timespec soon = in_ms(CLOCK_REALTIME, 20);
  pid_t self = gettid();
  word = 0;
  say("unlock what is free", futex(&word, FUTEX_UNLOCK_PI | flag, 0, NULL, NULL, 0));
  say("lock", futex(&word, FUTEX_LOCK_PI | flag, 0, NULL, NULL, 0));
  printf("%s\n", shape(word, self));
  say("lock again", futex(&word, FUTEX_LOCK_PI | flag, 0, NULL, NULL, 0));
  say("trylock again", futex(&word, FUTEX_TRYLOCK_PI | flag, 0, NULL, NULL, 0));
  for (int i = 0; i < 3; i++) {
    pthread_create(&threads[i], NULL, owner, (void *)(intptr_t)i);
    pause_ms(30);
  }
  printf("%s\n", shape(word, self));
  say("wake those who wait to own", futex(&word, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
  say("unlock", futex(&word, FUTEX_UNLOCK_PI | flag, 0, NULL, NULL, 0));
  for (int i = 0; i < 3; i++) {
    void *result;
    pthread_join(threads[i], &result);
    printf("turn of %d, %ld\n", turns[i], (long)result);
  }
  printf("%s\n", shape(word, self));
  say("unlock, unaligned", futex((uint32_t *)((char *)&word + 1), FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  word = 999999;
  say("lock of nobody's", futex(&word, FUTEX_LOCK_PI | flag, 0, NULL, NULL, 0));
  say("unlock of another's", futex(&word, FUTEX_UNLOCK_PI | flag, 0, NULL, NULL, 0));
  word = FUTEX_OWNER_DIED;
  say("trylock of a dead one's", futex(&word, FUTEX_TRYLOCK_PI | flag, 0, NULL, NULL, 0));
  printf("%s\n", shape(word, self));
  say("unlock", futex(&word, FUTEX_UNLOCK_PI | flag, 0, NULL, NULL, 0));
  printf("%s\n", shape(word, self));

  pthread_create(&threads[0], NULL, dies, NULL);
  pause_ms(20);
  say("trylock of another's", futex(&word, FUTEX_TRYLOCK_PI | flag, 0, NULL, NULL, 0));
  soon = in_ms(CLOCK_REALTIME, 10);
  say("lock, time-out", futex(&word, FUTEX_LOCK_PI | flag, 0, &soon, NULL, 0));
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  ualarm(5000, 0);
  say("lock of one who ends, with a signal", futex(&word, FUTEX_LOCK_PI | flag, 0, NULL, NULL, 0));
  printf("%s\n", shape(word, self));
  pthread_join(threads[0], NULL);
  say("unlock", futex(&word, FUTEX_UNLOCK_PI | flag, 0, NULL, NULL, 0));
}

int main(void) {
  plain();
  queues();
  wake_op();
  owned();
  return 0;
}
