/* Single precision: a cascade of filters over a signal, and vectors that are turned. Fused where it says so, and nowhere else. */
#include "common.h"
#include <math.h>

enum { LENGTH = 512, STAGES = 4 };
static float wave[LENGTH], turned[LENGTH][3];
static const float b0 = 0.2f, b1 = 0.31f, a1 = -0.42f, a2 = 0.11f;

int main(int argc, char **argv) {
  uint32_t random = 7;
  uint64_t sum = 0;
  for (int i = 0; i < LENGTH; i++) wave[i] = (float)(int)(next_random(&random) % 2001) / 1000.0f - 1.0f;
  for (int turn = scale(argc, argv) * 100; turn > 0; turn--) {
    float state[STAGES][2] = {{0}};
    for (int i = 0; i < LENGTH; i++) {
      float x = wave[i];
      for (int s = 0; s < STAGES; s++) {
        const float y = fmaf(b0, x, state[s][0]);
        state[s][0] = fmaf(b1, x, fmaf(-a1, y, state[s][1]));
        state[s][1] = fmaf(-a2, y, x * 0.05f);
        x = y;
      }
      const float size = sqrtf(fmaf(x, x, 1.0f));
      turned[i][0] = x / size, turned[i][1] = 1.0f / size, turned[i][2] = fmaxf(x, 0.25f);
    }
    for (int i = 0; i < LENGTH; i++) {
      const float *v = turned[i];
      const float w = fmaf(0.36f, v[0], fmaf(0.48f, v[1], -0.8f * v[2]));
      wave[i] = fabsf(w) < 2.0f ? w + (float)((i + turn) % 7 - 3) * 0.125f : 0.5f;
    }
    uint32_t bits;
    memcpy(&bits, &wave[turn % LENGTH], sizeof bits);
    sum = mix(sum, bits);
  }
  return report("filter", sum);
}
