/*
 * Futexes whose word holds its owner: what the owner inherits, circles, and waiters that are moved to such a word.
 *
 * Priorities are told as /proc/self/task/TID/stat has them. Nothing depends on how fast the machine is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t a, b, gate;

static long futex(uint32_t *at, int op, uint32_t value, void *time, uint32_t *at2, uint32_t value3) {
  return syscall(SYS_futex, at, op | FUTEX_PRIVATE_FLAG, value, time, at2, value3);
}
static long lock(uint32_t *at) { return futex(at, FUTEX_LOCK_PI, 0, NULL, NULL, 0); }
static long unlock(uint32_t *at) { return futex(at, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0); }
static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) < 0) continue;
}
static struct timespec in_ms(int ms) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += ms * 1000000L;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static int priority(pid_t tid) {
  char path[64], text[512], *field;
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
  FILE *file = fopen(path, "r");
  size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = 0;
  field = strrchr(text, ')');
  for (int i = 0; i < 16; i++) field = strchr(field + 1, ' ');
  int result;
  sscanf(field, "%d", &result);
  return result;
}
static void realtime(pid_t tid, int level) {
  struct sched_param param = {level};
  if (syscall(SYS_sched_setscheduler, tid, level == 0 ? SCHED_OTHER : SCHED_FIFO, &param) < 0) say("policy", -1);
}

/* A thread that takes words in order, waits for the gate, and gives them back. */
struct taker {
  uint32_t *words[3];
  int level;
  struct timespec *until;
  pid_t tid;
  long result;
  int done;
  pthread_t thread;
};
static void *take(void *at) {
  struct taker *self = at;
  realtime(0, self->level);
  __atomic_store_n(&self->tid, gettid(), __ATOMIC_SEQ_CST);
  for (int i = 0; self->words[i] != NULL; i++) {
    long result = futex(self->words[i], FUTEX_LOCK_PI, 0, self->until, NULL, 0);
    if (result < 0 && self->result == 0) self->result = -errno;
  }
  while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) == 0) futex(&gate, FUTEX_WAIT, 0, NULL, NULL, 0);
  for (int i = 2; i >= 0; i--)
    if (self->words[i] != NULL && (*self->words[i] & FUTEX_TID_MASK) == self->tid) unlock(self->words[i]);
  return NULL;
}
static void start(struct taker *taker) {
  pthread_create(&taker->thread, NULL, take, taker);
  pause_ms(40);
}
static void finish(struct taker *taker, int count) {
  gate = 1;
  futex(&gate, FUTEX_WAKE, 99, NULL, NULL, 0);
  for (int i = 0; i < count; i++) pthread_join(taker[i].thread, NULL);
  gate = 0;
}

static void inherits(void) {
  pid_t self = gettid();
  struct timespec soon;
  lock(&a);
  printf("alone %d\n", priority(self));
  struct taker waiters[] = {{{&a}, 10}, {{&a}, 30}, {{&a}, 20}};
  for (int i = 0; i < 3; i++) {
    start(&waiters[i]);
    printf("with %d waiting %d\n", i + 1, priority(self));
  }
  realtime(waiters[2].tid, 40);
  printf("one rises %d\n", priority(self));
  realtime(waiters[2].tid, 0);
  printf("it falls %d\n", priority(self));
  realtime(self, 35);
  printf("it rises itself %d\n", priority(self));
  realtime(self, 5);
  printf("it falls itself %d\n", priority(self));
  struct sched_param param;
  sched_getparam(0, &param);
  printf("what it asked for %d\n", param.sched_priority);
  realtime(self, 0);
  unlock(&a);
  printf("without %d, next is the second %d, which has %d\n", priority(self), (a & FUTEX_TID_MASK) == waiters[1].tid,
         priority(waiters[1].tid));
  finish(waiters, 3);
  printf("free %x\n", a);

  soon = in_ms(100);
  lock(&a);
  struct taker impatient = {{&a}, 50, &soon};
  start(&impatient);
  printf("one who will not wait long %d\n", priority(self));
  pause_ms(150);
  printf("after that %d\n", priority(self));
  unlock(&a);
  finish(&impatient, 1);
  printf("it got %ld\n", impatient.result);
}

static void chains(void) {
  pid_t self = gettid();
  lock(&a);
  struct taker chain[] = {{{&b, &a}, 0}, {{&b}, 60}};
  start(&chain[0]);
  printf("chain of normal ones %d %d\n", priority(self), priority(chain[0].tid));
  start(&chain[1]);
  printf("with one behind %d %d\n", priority(self), priority(chain[0].tid));
  say("circle", lock(&b));
  say("circle of one", lock(&a));
  unlock(&a);
  printf("after that %d %d\n", priority(self), priority(chain[0].tid));
  finish(chain, 2);
  printf("words %x %x\n", a, b);
}

/* The low one owns what the high one wants, and the middle one would keep it from running: on one CPU, it must not. */
static uint32_t gates[3];
static char finished[4];
static void spin(void) {
  for (volatile int i = 0; i < 1000000; i++) continue;
}
static void *contend(void *index) {
  int i = (int)(intptr_t)index;
  realtime(0, 10 + 10 * i);
  if (i == 0) lock(&a);
  while (__atomic_load_n(&gates[i], __ATOMIC_SEQ_CST) == 0) futex(&gates[i], FUTEX_WAIT, 0, NULL, NULL, 0);
  if (i == 2) lock(&a);
  if (i < 2) spin();
  finished[strlen(finished)] = "lmh"[i];
  if (i != 1) unlock(&a);
  return NULL;
}
static void inversion(void) {
  cpu_set_t all, one;
  pthread_t threads[3];
  sched_getaffinity(0, sizeof all, &all);
  CPU_ZERO(&one);
  for (int i = 0; CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  sched_setaffinity(0, sizeof one, &one);
  realtime(0, 50);
  for (int i = 0; i < 3; i++) {
    pthread_create(&threads[i], NULL, contend, (void *)(intptr_t)i);
    pause_ms(40);
  }
  for (int i = 0; i < 3; i++) {
    gates[i] = 1;
    futex(&gates[i], FUTEX_WAKE, 1, NULL, NULL, 0);
  }
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  printf("finished %s\n", finished);
  realtime(0, 0);
  sched_setaffinity(0, sizeof all, &all);
}

/* Condition variables as they were once made: wait at one word, be moved to another. */
struct mover {
  int level;
  long result;
  int owned;
  struct timespec *until;
  pid_t tid;
  pthread_t thread;
};
static uint32_t condition;
static int order[4], turn;
static struct mover movers[4];
static void *move(void *at) {
  struct mover *self = at;
  realtime(0, self->level);
  self->tid = gettid();
  long result = futex(&condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, self->until, &a, 0);
  self->result = result < 0 ? -errno : result;
  self->owned = (a & FUTEX_TID_MASK) == self->tid;
  if (self->owned) {
    order[turn++] = self->level;
    unlock(&a);
  }
  return NULL;
}
static void begin(int count, const int *levels) {
  memset(movers, 0, sizeof movers);
  turn = 0;
  for (int i = 0; i < count; i++) {
    movers[i].level = levels[i];
    pthread_create(&movers[i].thread, NULL, move, &movers[i]);
    pause_ms(40);
  }
}
static void tell(int count) {
  for (int i = 0; i < count; i++) pthread_join(movers[i].thread, NULL);
  for (int i = 0; i < count; i++) printf("level %d: result %ld, owned %d\n", movers[i].level, movers[i].result, movers[i].owned);
  printf("order");
  for (int i = 0; i < turn; i++) printf(" %d", order[i]);
  printf(", words %x %x\n", condition, a);
}
static long requeue(int wake, int move, uint32_t value) {
  return futex(&condition, FUTEX_CMP_REQUEUE_PI, wake, (void *)(intptr_t)move, &a, value);
}
static void handler(int signal) {}

static void moves(void) {
  const int levels[] = {0, 10, 20}, alone[] = {0};
  struct timespec past = {1, 0}, soon = in_ms(20);
  say("wait, another value", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 5, NULL, &a, 0));
  say("wait, same word", futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &condition, 0));
  say("wait until the past", futex(&condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &past, &a, 0));
  say("wait until soon", futex(&condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &soon, &a, 0));
  say("requeue, two to wake", requeue(2, 1, 0));
  say("requeue, negative", requeue(1, -1, 0));
  say("requeue, another value", requeue(1, 1, 5));
  say("requeue, same word", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &condition, 0));
  say("requeue nobody", requeue(1, 1, 0));

  begin(3, levels);
  say("wake those who wait to be moved", futex(&condition, FUTEX_WAKE, 1, NULL, NULL, 0));
  say("requeue elsewhere", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &b, 0));
  say("plain requeue", futex(&condition, FUTEX_CMP_REQUEUE, 1, (void *)1, &b, 0));
  say("requeue to a free word", requeue(1, 9, 0));
  tell(3);

  lock(&a);
  begin(3, levels);
  say("requeue to an owned word", requeue(1, 1, 0));
  printf("owner has %d\n", priority(gettid()));
  say("requeue the rest", requeue(1, 9, 0));
  unlock(&a);
  tell(3);

  lock(&a);
  begin(1, alone);
  say("requeue one", requeue(1, 0, 0));
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  pthread_kill(movers[0].thread, SIGUSR1);
  pause_ms(40);
  unlock(&a);
  tell(1);

  begin(1, alone);
  pthread_kill(movers[0].thread, SIGUSR1);
  pause_ms(40);
  condition = 1;
  pthread_kill(movers[0].thread, SIGUSR1);
  tell(1);
  condition = 0;

  lock(&a);
  soon = in_ms(120);
  movers[0] = (struct mover){.until = &soon};
  turn = 0;
  pthread_create(&movers[0].thread, NULL, move, &movers[0]);
  pause_ms(40);
  say("requeue one", requeue(1, 0, 0));
  pause_ms(160);
  unlock(&a);
  tell(1);
}

int main(void) {
  inherits();
  chains();
  inversion();
  moves();
  return 0;
}
