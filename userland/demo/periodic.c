/*
 * periodic PERIOD_US RUNTIME_US COUNT WINDOWS: does a job that is due at the end of each period get done in time?
 *
 *   periodic 50 jobs of 4000 us every 10000 us: 21 missed, done after median 9.2 max 31.4 ms, policy other (EINVAL)
 *
 * One line for each window of COUNT periods. A job is RUNTIME_US of CPU time by the thread's own clock; it is missed if it
 * is done after its period, or could not begin in it. Before each window the program asks for SCHED_DEADLINE with a
 * quarter more than a job needs; where that is refused it goes on as a normal thread and asks again later. The first job
 * after a new policy was given is not counted.
 */
#include "../runtime/runtime.h"

enum { STEPS = 4000 };

static volatile uint64_t state = 1;

static void work(int64_t duration) {
  int64_t end = now_nanoseconds(CLOCK_THREAD_CPUTIME_ID) + duration;
  do {
    for (int i = 0; i < STEPS; i++) state = state * 0x5851f42d4c957f2d + 1;
  } while (now_nanoseconds(CLOCK_THREAD_CPUTIME_ID) < end);
}

static void sleep_until(int64_t when) {
  struct timespec until = {when / 1000000000, when % 1000000000};
  while (sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == -EINTR) continue;
}

static void insert(int64_t *sorted, long length, int64_t value) {
  for (; length > 0 && sorted[length - 1] > value; length--) sorted[length] = sorted[length - 1];
  sorted[length] = value;
}

int main(int argc, char **argv) {
  long period, runtime, count, windows;
  if (argc != 5 || !parse_number(argv[1], &period) || !parse_number(argv[2], &runtime) ||
      !parse_number(argv[3], &count) || !parse_number(argv[4], &windows) || period < 1 || runtime < 1 || count < 1) {
    die("usage: periodic PERIOD_US RUNTIME_US COUNT WINDOWS");
  }
  struct sched_attr wanted = {.size = sizeof wanted, .policy = SCHED_DEADLINE};
  wanted.runtime = (uint64_t)runtime * 1250;
  wanted.deadline = wanted.period = (uint64_t)period * 1000;
  int64_t *took = allocate((size_t)count * sizeof *took);
  int64_t next = now_nanoseconds(CLOCK_MONOTONIC);
  long refused = -1;
  for (long window = 0; window < windows; window++) {
    if (refused != 0) {
      refused = SYSCALL(SYS_sched_setattr, 0, &wanted, 0);
      sleep_until(next += period * 1000);
      work(runtime * 1000);
      while (next < now_nanoseconds(CLOCK_MONOTONIC)) next += period * 1000;
    }
    long missed = 0, done = 0;
    for (long i = 0; i < count; i++, next += period * 1000) {
      if (next + period * 1000 < now_nanoseconds(CLOCK_MONOTONIC)) {
        missed++;
        continue;
      }
      sleep_until(next);
      work(runtime * 1000);
      int64_t late = now_nanoseconds(CLOCK_MONOTONIC) - next;
      if (late > period * 1000) missed++;
      insert(took, done++, late);
    }
    print("periodic %ld jobs of %ld us every %ld us: %ld missed, done after median %.1f max %.1f ms, policy %s", count,
          runtime, period, missed, done ? (double)took[done / 2] / 1e6 : 0.0, done ? (double)took[done - 1] / 1e6 : 0.0,
          refused ? "other" : "deadline");
    if (refused) print(" (%s)", error_name(refused));
    print("\n");
    flush();
  }
  return 0;
}
