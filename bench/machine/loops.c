/* Integer loops for the interpreter's figure: no libc, prints a checksum per kernel. */
typedef unsigned long u64;
typedef unsigned u32;
static long sys(long n, long a, long b, long c) {
  register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
static void print(u64 x) {
  char text[20];
  int n = 20;
  text[--n] = '\n';
  do text[--n] = '0' + x % 10; while (x /= 10);
  sys(64, 1, (long)(text + n), 20 - n);
}
static unsigned char sieve[1 << 18];
static u32 table[1 << 12];
__attribute__((noinline)) static u64 fib(u64 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
#ifndef KERNEL
#define KERNEL 0
#endif
void _start(void) {
  u64 sum = 0;
#if KERNEL == 0 || KERNEL == 1
  for (int round = 0; round < 30; round++) {
    for (u32 i = 0; i < sizeof sieve; i++) sieve[i] = 1;
    for (u32 i = 2; i * i < sizeof sieve; i++)
      if (sieve[i]) for (u32 j = i * i; j < sizeof sieve; j += i) sieve[j] = 0;
    for (u32 i = 2; i < sizeof sieve; i++) sum += sieve[i];
  }
  print(sum);
#endif
#if KERNEL == 0 || KERNEL == 2
  print(fib(30));
#endif
#if KERNEL == 0 || KERNEL == 3
  u64 state = 88172645463325252ul;
  for (int i = 0; i < 12000000; i++) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    table[state & 4095] += (u32)(state >> 40) * 2654435761u;
  }
  for (int i = 0; i < 4096; i++) sum = sum * 31 + table[i];
  print(sum);
#endif
  sys(94, 0, 0, 0);
  for (;;);
}
