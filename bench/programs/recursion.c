/* Calls: Fibonacci numbers and Ackermann's function, as they are defined. */
#include "common.h"

static __attribute__((noinline)) uint32_t fibonacci(uint32_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static __attribute__((noinline)) uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

int main(int argc, char **argv) {
  uint64_t sum = 0;
  for (int i = scale(argc, argv); i > 0; i--) sum = mix(sum, fibonacci(24 + i % 2) + ackermann(2, 60 + i % 3));
  return report("recursion", sum);
}
