/* Blocks of memory: copied, moved, compared, searched. */
#include "common.h"

enum { SIZE = 1 << 16 };
static char from[SIZE + 64], to[SIZE + 64];

int main(int argc, char **argv) {
  uint64_t sum = 0;
  for (int i = 0; i < SIZE; i++) from[i] = (char)(i * 7 % 251 + 1);
  for (int turn = scale(argc, argv) * 60; turn > 0; turn--) {
    memcpy(to, from + turn % 8, SIZE);
    memmove(to + 3, to, SIZE / 2);
    sum = mix(sum, memcmp(from, to, SIZE) < 0);
    sum = mix(sum, (uint64_t)((char *)memchr(to, 251, SIZE) - to));
    to[SIZE / 4] = 0;
    sum = mix(sum, strlen(to));
  }
  return report("copies", sum);
}
