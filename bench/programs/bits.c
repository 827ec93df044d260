/* Sets of bits, as Zba, Zbb and Zbs have instructions for: counted, searched, rotated, reversed, indexed. */
#include "common.h"

enum { WORDS = 256, TABLE = 1024 };
static uint64_t board[WORDS];
static uint32_t table[TABLE];

static inline uint64_t rotate(uint64_t x, unsigned n) { return x << (n & 63) | x >> (-n & 63); }
static inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

int main(int argc, char **argv) {
  uint32_t random = 17;
  uint64_t sum = 0;
  int64_t low = 0, high = 0;
  for (int i = 0; i < WORDS; i++) board[i] = (uint64_t)next_random(&random) << 40 ^ (uint64_t)next_random(&random) << 13 ^ (uint64_t)i;
  for (int i = 0; i < TABLE; i++) table[i] = next_random(&random);
  for (int turn = scale(argc, argv) * 100; turn > 0; turn--)
    for (int i = 0; i < WORDS; i++) {
      uint64_t word = board[i];
      const uint64_t other = board[(unsigned)(i * 7 + turn) % WORDS];
      sum += (uint64_t)__builtin_popcountll(word & ~other) + __builtin_bswap64(word ^ other);
      if (word != 0) sum ^= rotate(sum, (unsigned)__builtin_ctzll(word)) + (uint64_t)__builtin_clzll(word);
      const uint32_t index = (uint32_t)(word >> 7) % TABLE;
      sum += table[index] + table[(index ^ 1u) % TABLE];
      low = lesser(low, (int64_t)(word - sum)), high = greater(high, (int64_t)(other ^ sum));
      word ^= 1ull << (sum & 63);
      if (word >> (turn & 63) & 1) word &= ~(1ull << (i & 63));
      else word |= ~other & 0xff;
      board[i] = rotate(word, 5);
    }
  return report("bits", mix(sum, (uint64_t)(low ^ high)));
}
