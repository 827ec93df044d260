/* Floating-point loops for the interpreter's figure: n-body like (double, fused) and a single-precision filter. */
typedef unsigned long u64;
static long sys(long n, long a, long b, long c) {
  register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
static void print(u64 x) {
  char text[24];
  int n = 24;
  text[--n] = '\n';
  do text[--n] = "0123456789abcdef"[x & 15]; while (x >>= 4);
  sys(64, 1, (long)(text + n), 24 - n);
}
static union { double d; u64 u; } bits;
static double pos[5][3] = {{0.1, 0.2, 0.3}, {4.8, -1.1, -0.1}, {8.3, 4.1, -0.4}, {12.8, -15.1, -0.2}, {15.3, -25.9, 0.17}};
static double vel[5][3], mass[5] = {39.4, 0.037, 0.011, 0.0017, 0.002};
static float line[1024];
void _start(void) {
#if KERNEL == 1
  for (int step = 0; step < 40000; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double d[3], s = 0;
        for (int k = 0; k < 3; k++) { d[k] = pos[i][k] - pos[j][k]; s += d[k] * d[k]; }
        double m = 0.001 / (s * __builtin_sqrt(s));
        for (int k = 0; k < 3; k++) { vel[i][k] -= d[k] * mass[j] * m; vel[j][k] += d[k] * mass[i] * m; }
      }
    for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) pos[i][k] += 0.001 * vel[i][k];
  }
  bits.d = pos[0][0] + pos[3][1];
  print(bits.u);
#else
  for (int i = 0; i < 1024; i++) line[i] = (float)i * 0.01f;
  for (int round = 0; round < 1000; round++)
    for (int i = 1; i < 1023; i++) line[i] = line[i - 1] * 0.25f + line[i] * 0.5f + line[i + 1] * 0.25f;
  bits.d = line[500];
  print(bits.u);
#endif
  sys(94, 0, 0, 0);
  for (;;);
}
