/* Memory with a stride: the sieve of Eratosthenes over bytes. */
#include "common.h"

enum { LIMIT = 1 << 18 };
static uint8_t composite[LIMIT];

int main(int argc, char **argv) {
  uint64_t sum = 0;
  for (int turn = scale(argc, argv) * 2; turn > 0; turn--) {
    memset(composite, 0, sizeof composite);
    uint32_t count = 0;
    for (uint32_t i = 2; i < LIMIT; i++) {
      if (composite[i]) continue;
      count++;
      for (uint32_t j = i * 2; j < LIMIT; j += i) composite[j] = 1;
    }
    sum = mix(sum, count + turn);
  }
  return report("sieve", sum);
}
