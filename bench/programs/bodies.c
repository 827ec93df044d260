/* Double precision: planets that attract each other. */
#include "common.h"
#include <math.h>

enum { BODIES = 5 };
static double x[BODIES][3], v[BODIES][3], m[BODIES];

int main(int argc, char **argv) {
  uint32_t random = 3;
  for (int i = 0; i < BODIES; i++) {
    m[i] = 1.0 / (i + 1);
    for (int d = 0; d < 3; d++) x[i][d] = (int)(next_random(&random) % 2000) / 100.0 - 10, v[i][d] = 0.01 * (i - d);
  }
  for (int step = scale(argc, argv) * 4000; step > 0; step--) {
    for (int i = 0; i < BODIES; i++)
      for (int j = i + 1; j < BODIES; j++) {
        double d[3], square = 0.01;
        for (int c = 0; c < 3; c++) d[c] = x[i][c] - x[j][c], square += d[c] * d[c];
        const double force = 0.001 / (square * sqrt(square));
        for (int c = 0; c < 3; c++) v[i][c] -= d[c] * m[j] * force, v[j][c] += d[c] * m[i] * force;
      }
    for (int i = 0; i < BODIES; i++)
      for (int c = 0; c < 3; c++) x[i][c] += 0.001 * v[i][c];
  }
  double sum = 0;
  for (int i = 0; i < BODIES; i++) sum += x[i][0] + v[i][1];
  /* As an integer, for the last bits may differ where a compiler fuses. */
  return report("bodies", (uint64_t)(int64_t)(sum * 1e6));
}
