/* Rotations and additions of 32 bits: the compression function of SHA-256 (FIPS 180-4) over a stream. */
#include "common.h"

static uint32_t k[64];
static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* Fractional parts of cube roots, as the standard defines them, by integer search. */
static void make_constants(void) {
  int found = 0;
  for (uint32_t p = 2; found < 64; p++) {
    int prime = 1;
    for (uint32_t d = 2; d * d <= p; d++) prime &= p % d != 0;
    if (!prime) continue;
    __uint128_t low = 0, high = (__uint128_t)8 << 32;
    while (high - low > 1) {
      const __uint128_t middle = (low + high) / 2;
      if (middle * middle * middle <= (__uint128_t)p << 96) low = middle;
      else high = middle;
    }
    k[found++] = (uint32_t)low;
  }
}

static void compress(uint32_t *h, const uint32_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = block[i];
  for (int i = 16; i < 64; i++) {
    const uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  uint32_t s[8];
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    const uint32_t e = s[4], a = s[0];
    const uint32_t one = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
    const uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6], s[6] = s[5], s[5] = e, s[4] = s[3] + one;
    s[3] = s[2], s[2] = s[1], s[1] = a, s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

int main(int argc, char **argv) {
  make_constants();
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8}, block[16], random = 1;
  for (int turn = scale(argc, argv) * 1500; turn > 0; turn--) {
    for (int i = 0; i < 16; i++) block[i] = next_random(&random);
    compress(h, block);
  }
  return report("hash", (uint64_t)h[0] << 32 | h[7]);
}
