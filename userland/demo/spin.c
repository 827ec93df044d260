/*
 * spin NAME SECONDS [UNITS]: keeps a CPU busy and says how much it got done.
 *
 *   NAME 12345 units, checksum 0123456789abcdef
 *
 * One unit is a fixed stretch of integer and floating-point work; the checksum depends on every unit before it and on
 * nothing else. So `spin x 0 12345` (no time limit, that many units) computes the same checksum again, and tells whether
 * the first run's registers and memory stayed intact. The clock is read once in BATCH units only, to be a hog of user
 * time and not of system calls.
 */
#include "../runtime/runtime.h"

enum { BATCH = 64, STEPS = 256, TABLE = 512 };

static uint64_t table[TABLE];
static uint64_t state = 0x6a09e667f3bcc909;
static double chaos = 0.4;

static void work(void) {
  for (int i = 0; i < STEPS; i++) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    uint64_t *slot = &table[(state >> 40) % TABLE];
    *slot = (*slot ^ state) * 0x2545f4914f6cdd1d;
    state += *slot;
    /* The logistic map: any wrong bit in a floating-point register shows within a hundred steps. */
    chaos = 3.9 * chaos * (1.0 - chaos);
  }
}

static uint64_t checksum(void) {
  uint64_t sum;
  memcpy(&sum, &chaos, sizeof sum);
  sum ^= state;
  for (int i = 0; i < TABLE; i++) sum = (sum ^ table[i]) * 0x100000001b3;
  return sum;
}

int main(int argc, char **argv) {
  int64_t duration;
  long limit = 0;
  if (argc < 3 || argc > 4 || !parse_seconds(argv[2], &duration)) die("usage: spin NAME SECONDS [UNITS]");
  if (argc == 4 && (!parse_number(argv[3], &limit) || limit < 0)) die("bad number of units: %s", argv[3]);
  int64_t end = now_nanoseconds(CLOCK_MONOTONIC) + duration;
  long units = 0;
  while (argc == 3 || units < limit) {
    work();
    units++;
    if (units % BATCH == 0 && duration > 0 && now_nanoseconds(CLOCK_MONOTONIC) >= end) break;
    if (argc == 3 && duration == 0) break;
  }
  print("%s %ld units, checksum %016lx\n", argv[1], units, checksum());
  return 0;
}
