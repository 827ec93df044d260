/*
 * Hot functions in turns, and code that is made while the program runs: more than a small code cache holds.
 *
 * Prints a checksum of what all of them computed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef uint64_t (*function)(uint64_t, uint64_t);

/* Each has code of its own: the constants are different. One loop without branches, so that it is hot in one place. */
#define STEP(n, k)                                                        \
    s = s * (6364136223846793005u + 2 * n + k) + 1442695040888963407u + n; \
    s ^= s >> (17 + (n + k) % 13);                                        \
    s = (s << (n % 7 + 1)) | (s >> (63 - n % 7));
#define F(n)                                                                       \
    __attribute__((noinline)) static uint64_t f##n(uint64_t s, uint64_t turns) {  \
        for (uint64_t i = 0; i < turns; i++) {                                    \
            STEP(n, 1) STEP(n, 2) STEP(n, 3) STEP(n, 4) STEP(n, 5) STEP(n, 6)     \
        }                                                                         \
        return s;                                                                 \
    }
#define F8(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7)
#define NAMES8(n) f##n##0, f##n##1, f##n##2, f##n##3, f##n##4, f##n##5, f##n##6, f##n##7,
F8(1) F8(2) F8(3) F8(4) F8(5) F8(6) F8(7) F8(8)
static const function functions[] = {NAMES8(1) NAMES8(2) NAMES8(3) NAMES8(4) NAMES8(5) NAMES8(6)
                                      NAMES8(7) NAMES8(8)};
enum { COUNT = sizeof functions / sizeof *functions };

/* addi a0, a0, n; addi a1, a1, -1; bnez a1, -8; ret */
static void make(uint32_t *code, int n) {
    code[0] = (uint32_t)n << 20 | 10 << 15 | 10 << 7 | 0x13;
    code[1] = 0xfff58593;
    code[2] = 0xfe059ce3;
    code[3] = 0x00008067;
    __asm__ volatile("fence.i" ::: "memory");
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 2;
    uint64_t turns = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    uint64_t sum = 1;
    uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 1;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < COUNT; i++) sum = functions[i](sum, turns);
        make(page, round + 1);
        sum = ((function)(void *)page)(sum, 20 * turns);
    }
    printf("%016llx\n", (unsigned long long)sum);
    return 0;
}
