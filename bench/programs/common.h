/* What the programs share: a checksum that is printed at the end, and a scale for the work. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t mix(uint64_t sum, uint64_t value) {
  sum ^= value + 0x9e3779b97f4a7c15u + (sum << 6) + (sum >> 2);
  return sum;
}

static inline uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* The work to do, in hundredths of the usual. */
static inline int scale(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 100; }

static inline int report(const char *name, uint64_t sum) {
  printf("%s %016llx\n", name, (unsigned long long)sum);
  return 0;
}
