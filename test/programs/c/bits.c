/*
 * What compilers make of the bit-manipulation extensions: digests, searches, bit sets, saturation, hashes, byte order.
 *
 * Prints checksums that depend on no extension: built with and without them it says the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* One block function of ARX kind: rotations of words, both ways, by constants. */
static uint32_t left(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint64_t right(uint64_t x, unsigned n) { return x >> (n & 63) | x << (-n & 63); }

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
  *a += *b, *d = left(*d ^ *a, 16);
  *c += *d, *b = left(*b ^ *c, 12);
  *a += *b, *d = left(*d ^ *a, 8);
  *c += *d, *b = left(*b ^ *c, 7);
}

static uint32_t stream(int rounds) {
  uint32_t s[16];
  for (int i = 0; i < 16; i++) s[i] = (uint32_t)next();
  for (int i = 0; i < rounds; i++) {
    for (int j = 0; j < 4; j++) quarter(&s[j], &s[4 + j], &s[8 + j], &s[12 + j]);
    for (int j = 0; j < 4; j++) quarter(&s[j], &s[4 + (j + 1) % 4], &s[8 + (j + 2) % 4], &s[12 + (j + 3) % 4]);
  }
  uint32_t sum = 0;
  for (int i = 0; i < 16; i++) sum ^= s[i];
  return sum;
}

/* Majority and choice of a digest: and-not, or-not, exclusive nor; rotations by a register. */
static uint64_t digest(int rounds) {
  uint64_t a = next(), b = next(), c = next();
  for (int i = 0; i < rounds; i++) {
    uint64_t choice = (a & b) ^ (~a & c);
    uint64_t maybe = (b | ~c) + ~(a ^ c);
    uint64_t turned = right(a, 28) ^ right(a, 34) ^ right(b, i);
    c = b, b = a, a = choice + maybe + turned + __builtin_bswap64(c);
  }
  return a ^ b ^ c;
}

/* A bit set, with bits set, cleared, turned and asked for. */
static uint64_t sieve(unsigned limit) {
  uint64_t *set = calloc(limit / 64 + 1, 8);
  for (unsigned n = 2; n < limit; n++) {
    if (set[n / 64] >> (n % 64) & 1) continue;
    for (unsigned m = 2 * n; m < limit; m += n) set[m / 64] |= 1ull << (m % 64);
  }
  uint64_t found = 0, last = 0;
  for (unsigned i = 0; i <= limit / 64; i++) {
    found += __builtin_popcountll(~set[i]);
    uint64_t w = set[i];
    while (w) {
      last = last * 31 + __builtin_ctzll(w);
      w &= w - 1;
    }
    set[i] ^= 1ull << (i % 64);
    set[i] &= ~(1ull << (last % 64));
    last += __builtin_clzll(set[i] | 1);
  }
  free(set);
  return found * 1000003 + last;
}

struct item {
  int16_t level;
  uint16_t port;
  int8_t sign;
  uint32_t key;
};

/* Indices of 32 bits into arrays of several sizes; clamping; narrow fields. */
static uint64_t table(int count) {
  struct item *items = malloc(count * sizeof *items);
  uint64_t *wide = malloc(count * 8);
  uint32_t *words = malloc(count * 4);
  uint16_t *halves = malloc(count * 2);
  for (int i = 0; i < count; i++) {
    uint64_t r = next();
    items[i] = (struct item){(int16_t)r, (uint16_t)(r >> 16), (int8_t)(r >> 32), (uint32_t)(r >> 24)};
    wide[i] = r, words[i] = (uint32_t)(r >> 9), halves[i] = (uint16_t)(r >> 40);
  }
  int64_t low = INT64_MAX, high = INT64_MIN;
  uint64_t sum = 0, most = 0, least = UINT64_MAX;
  for (int i = 0; i < count; i++) {
    uint32_t at = words[i] % (uint32_t)count;
    int64_t v = (int64_t)wide[at] >> 8;
    low = v < low ? v : low;
    high = v > high ? v : high;
    most = wide[at] > most ? wide[at] : most;
    least = wide[at] < least ? wide[at] : least;
    int clamped = items[at].level < -100 ? -100 : items[at].level > 1000 ? 1000 : items[at].level;
    sum += clamped * halves[at] + items[at].port + items[at].sign + words[halves[i] % (uint32_t)count];
    sum += (uint64_t)(uint32_t)(at + 7) << 3;
    sum ^= (int16_t)sum + (int8_t)(sum >> 11) + (uint16_t)(sum >> 5);
  }
  free(items), free(wide), free(words), free(halves);
  return sum ^ (uint64_t)low ^ (uint64_t)high ^ most ^ least;
}

/* Counts in words, byte order of words and halves. */
static uint64_t counts(int rounds) {
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    uint32_t w = (uint32_t)next() >> (i & 31);
    sum += __builtin_popcount(w) + (w ? __builtin_clz(w) * 3 + __builtin_ctz(w) * 5 : 77);
    sum += __builtin_bswap32(w) + __builtin_bswap16((uint16_t)w) + __builtin_parityll(sum);
    sum = sum << 1 | sum >> 63;
  }
  return sum;
}

#if defined(__riscv_zbb)
/* What no compiler of now makes of C by itself. */
static uint64_t zeroBytes(uint64_t x) {
  uint64_t r;
  __asm__("orc.b %0, %1" : "=r"(r) : "r"(x));
  return r;
}
#else
static uint64_t zeroBytes(uint64_t x) {
  uint64_t r = 0;
  for (int i = 0; i < 64; i += 8) r |= x >> i & 255 ? 255ull << i : 0;
  return r;
}
#endif

static uint64_t lengths(int rounds) {
  char text[64];
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    uint64_t w = next() & next();
    for (int j = 0; j < 8; j++) text[j] = (char)(w >> 8 * j);
    text[8] = 0;
    uint64_t zeros = ~zeroBytes(w);
    int mine = zeros ? __builtin_ctzll(zeros) / 8 : 8;
    sum += mine == (int)strlen(text) ? mine + 1 : 1000000;
    sum ^= zeroBytes(w) >> (i & 31);
  }
  return sum;
}

int main(int argc, char **argv) {
  int turns = argc > 1 ? atoi(argv[1]) : 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int turn = 1; turn <= turns; turn++) {
    state = 0x9e3779b97f4a7c15ull * (uint64_t)turn;
    printf("%08x %016llx\n", stream(200), (unsigned long long)digest(2000));
    printf("%016llx %016llx\n", (unsigned long long)sieve(5000), (unsigned long long)table(1500));
    printf("%016llx %016llx\n", (unsigned long long)counts(2000), (unsigned long long)lengths(1000));
  }
  return 0;
}
