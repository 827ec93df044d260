/* A compressor of the LZ77 kind, and its inverse. */
#include "common.h"

enum { SIZE = 1 << 16, HASH = 1 << 12 };
static uint8_t input[SIZE], packed[SIZE * 2], output[SIZE];
static int32_t heads[HASH];

static int pack(void) {
  int out = 0;
  memset(heads, 0xff, sizeof heads);
  for (int at = 0; at < SIZE;) {
    int best = 0, from = 0;
    if (at + 3 < SIZE) {
      const uint32_t h = (input[at] << 6 ^ input[at + 1] << 3 ^ input[at + 2]) % HASH;
      from = heads[h];
      heads[h] = at;
      if (from >= 0 && at - from < 65536)
        while (best < 255 && at + best < SIZE && input[from + best] == input[at + best]) best++;
    }
    if (best >= 4) {
      packed[out++] = 0, packed[out++] = best;
      packed[out++] = (at - from) & 255, packed[out++] = (at - from) >> 8;
      at += best;
    } else {
      if (input[at] == 0) packed[out++] = 0, packed[out++] = 0;
      else packed[out++] = input[at];
      at++;
    }
  }
  return out;
}

static int unpack(int length) {
  int out = 0;
  for (int at = 0; at < length;) {
    const uint8_t c = packed[at++];
    if (c != 0) {
      output[out++] = c;
      continue;
    }
    int count = packed[at++];
    if (count == 0) {
      output[out++] = 0;
      continue;
    }
    const int distance = packed[at] | packed[at + 1] << 8;
    at += 2;
    for (; count > 0; count--, out++) output[out] = output[out - distance];
  }
  return out;
}

int main(int argc, char **argv) {
  uint64_t sum = 0;
  uint32_t random = 11;
  for (int i = 0; i < SIZE; i++) input[i] = i > 600 && next_random(&random) % 8 ? input[i - 1 - next_random(&random) % 3 * 97] : next_random(&random) % 40;
  for (int turn = scale(argc, argv) / 2 + 1; turn > 0; turn--) {
    const int length = pack();
    sum = mix(sum, length);
    if (unpack(length) != SIZE || memcmp(input, output, SIZE) != 0) return 1;
    input[turn * 31 % SIZE] ^= 3;
  }
  return report("compress", sum);
}
