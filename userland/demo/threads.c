/*
 * threads N COUNT: N threads add to one counter COUNT times each, under a mutex made from a futex.
 *
 *   threads 4 x 1000: total 4000, OK
 *
 * Threads are raw clone: shared memory, files and signals, a stack and a thread pointer of their own. Each finds its
 * number through the thread pointer, and the kernel announces its end by clearing a word and waking that futex.
 */
#include "../runtime/runtime.h"

enum { STACK = 64 * 1024, MOST = 256 };

struct thread {
  int number;
  volatile int alive; /* the thread's id until the kernel clears it at the end */
  long done;
};

static struct thread threads[MOST];
static long rounds;
static volatile long counter;
/* 0 free, 1 taken, 2 taken and somebody may be waiting. */
static int mutex;

static void lock(void) {
  int seen = 0;
  if (__atomic_compare_exchange_n(&mutex, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
  while (__atomic_exchange_n(&mutex, 2, __ATOMIC_ACQUIRE) != 0) {
    SYSCALL(SYS_futex, &mutex, FUTEX_WAIT | FUTEX_PRIVATE, 2, 0);
  }
}

static void unlock(void) {
  if (__atomic_exchange_n(&mutex, 0, __ATOMIC_RELEASE) == 2) {
    SYSCALL(SYS_futex, &mutex, FUTEX_WAKE | FUTEX_PRIVATE, 1);
  }
}

/* In a register the whole time; read once, at the start of a thread. */
static struct thread *self(void) {
  struct thread *thread;
  __asm__ volatile("mv %0, tp" : "=r"(thread));
  return thread;
}

__attribute__((noreturn, used)) static void thread_main(void) {
  struct thread *me = self();
  for (long i = 0; i < rounds; i++) {
    lock();
    counter = counter + 1;
    unlock();
    /* Invite the scheduler to interleave now and then. */
    if (i % 64 == me->number % 64) SYSCALL(SYS_sched_yield);
    me->done++;
  }
  for (;;) SYSCALL(SYS_exit, 0);
}

/* Returns in the parent only: the child has a new, empty stack, so that it must not return from a function. */
static long start(struct thread *thread, char *stack_top) {
  register long a0 __asm__("a0") = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                   CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  register char *a1 __asm__("a1") = stack_top;
  register volatile int *a2 __asm__("a2") = &thread->alive;
  register struct thread *a3 __asm__("a3") = thread;
  register volatile int *a4 __asm__("a4") = &thread->alive;
  register long a7 __asm__("a7") = SYS_clone;
  __asm__ volatile(
      "ecall\n"
      "bnez a0, 1f\n"
      "tail thread_main\n"
      "1:"
      : "+r"(a0)
      : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7)
      : "t1", "memory");
  return a0;
}

int main(int argc, char **argv) {
  long count;
  if (argc != 3 || !parse_number(argv[1], &count) || !parse_number(argv[2], &rounds) || count < 1 || count > MOST) {
    die("usage: threads N COUNT (N up to %d)", MOST);
  }
  for (long i = 0; i < count; i++) {
    char *stack = sys_mmap(STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (is_error(stack)) die("mmap: %s", error_text((long)stack));
    threads[i].number = (int)i;
    long id = start(&threads[i], stack + STACK);
    if (id < 0) die("clone: %s", error_text(id));
  }
  bool good = true;
  for (long i = 0; i < count; i++) {
    int id;
    /* The kernel's wake-up is for the shared kind of futex, so no FUTEX_PRIVATE here. */
    while ((id = threads[i].alive) != 0) SYSCALL(SYS_futex, &threads[i].alive, FUTEX_WAIT, id, 0);
    good = good && threads[i].done == rounds;
  }
  good = good && counter == count * rounds;
  print("threads %ld x %ld: total %ld, %s\n", count, rounds, counter, good ? "OK" : "BAD");
  return good ? 0 : 1;
}
