/*
 * Clocks in nanoseconds.
 */
#include "runtime.h"

int64_t now_nanoseconds(int clock) {
  struct timespec now;
  sys_clock_gettime(clock, &now);
  return now.seconds * 1000000000 + now.nanoseconds;
}

/* Sleeps to an absolute time, so that signals on the way do not lengthen it. */
void sleep_nanoseconds(int64_t duration) {
  int64_t end = now_nanoseconds(CLOCK_MONOTONIC) + duration;
  struct timespec until = {end / 1000000000, end % 1000000000};
  while (sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == -EINTR) continue;
}
