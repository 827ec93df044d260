/*
 * latency PERIOD_US COUNT: how late does a periodic sleeper wake up?
 *
 *   latency of 100 periods of 10000 us: min 5.1 median 61.0 p99 80.3 max 92.7 mean 60.2 us
 *
 * Wake-up times are absolute and in multiples of the period from the start. After a wake-up that came a period too late,
 * the periods that were missed are left out, and counted, so that one long delay counts once.
 */
#include "../runtime/runtime.h"

static int64_t *sorted(int64_t *values, long count) {
  /* Insertion into a heap-free list is quadratic; a few thousand samples are what this is for. */
  for (long i = 1; i < count; i++) {
    int64_t value = values[i];
    long at = i;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
  return values;
}

int main(int argc, char **argv) {
  long period, count;
  if (argc != 3 || !parse_number(argv[1], &period) || !parse_number(argv[2], &count) || period < 1 || count < 1) {
    die("usage: latency PERIOD_US COUNT");
  }
  int64_t *late = allocate((size_t)count * sizeof *late);
  int64_t next = now_nanoseconds(CLOCK_MONOTONIC);
  long missed = 0;
  double sum = 0;
  for (long i = 0; i < count; i++) {
    next += period * 1000;
    for (; next < now_nanoseconds(CLOCK_MONOTONIC); next += period * 1000) missed++;
    struct timespec until = {next / 1000000000, next % 1000000000};
    while (sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == -EINTR) continue;
    late[i] = now_nanoseconds(CLOCK_MONOTONIC) - next;
    sum += (double)late[i];
  }
  sorted(late, count);
  print("latency of %ld periods of %ld us: min %.1f median %.1f p99 %.1f max %.1f mean %.1f us", count, period,
        (double)late[0] / 1e3, (double)late[count / 2] / 1e3, (double)late[count * 99 / 100] / 1e3,
        (double)late[count - 1] / 1e3, sum / (double)count / 1e3);
  if (missed) print(", %ld missed", missed);
  print("\n");
  return 0;
}
