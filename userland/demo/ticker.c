/*
 * ticker NAME MS COUNT: prints a numbered line every MS milliseconds.
 *
 * Each line is one write, so that lines of several tickers never mix. The times of the ticks are absolute: a late line
 * does not make the next ones later.
 */
#include "../runtime/runtime.h"

int main(int argc, char **argv) {
  long period, count;
  if (argc != 4 || !parse_number(argv[2], &period) || !parse_number(argv[3], &count) || period < 0) {
    die("usage: ticker NAME MS COUNT");
  }
  int64_t next = now_nanoseconds(CLOCK_MONOTONIC);
  for (long i = 1; i <= count; i++) {
    next += period * 1000000;
    struct timespec until = {next / 1000000000, next % 1000000000};
    while (sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == -EINTR) continue;
    print("%s %ld\n", argv[1], i);
    flush();
  }
  return 0;
}
