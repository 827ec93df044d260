/* Latency of memory: a walk through a permutation. */
#include "common.h"

enum { COUNT = 1 << 18 };
static uint32_t next[COUNT];

int main(int argc, char **argv) {
  uint32_t random = 1;
  for (uint32_t i = 0; i < COUNT; i++) next[i] = i;
  for (uint32_t i = COUNT - 1; i > 0; i--) {
    const uint32_t j = next_random(&random) % i, kept = next[i];
    next[i] = next[j], next[j] = kept;
  }
  uint32_t at = 0;
  for (int turn = scale(argc, argv) * 60000; turn > 0; turn--) at = next[at];
  return report("chase", at);
}
