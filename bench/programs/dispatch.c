/* Calls through pointers, and a switch. */
#include "common.h"

struct shape {
  uint32_t (*area)(const struct shape *, uint32_t);
  uint32_t a, b, kind;
};
#define AREA(name, expression) \
  static __attribute__((noinline)) uint32_t name(const struct shape *s, uint32_t t) { return expression; }
AREA(square, s->a * s->a + t)
AREA(box, s->a * s->b - t)
AREA(triangle, s->a * s->b / 2 ^ t)
AREA(ring, (s->a - s->b) * 3 + (t >> 3))

static __attribute__((noinline)) uint32_t by_kind(const struct shape *s, uint32_t t) {
  switch (s->kind) {
    case 0: return s->a + t;
    case 1: return s->b ^ t;
    case 2: return s->a * 3 - t;
    case 3: return t >> 1;
    case 4: return s->b << 2;
    case 5: return s->a & s->b;
    case 6: return ~t;
    default: return 1;
  }
}

enum { SHAPES = 256 };
static struct shape shapes[SHAPES];

int main(int argc, char **argv) {
  static uint32_t (*const areas[])(const struct shape *, uint32_t) = {square, box, triangle, ring};
  uint32_t random = 9, t = 0;
  for (int i = 0; i < SHAPES; i++) {
    const uint32_t r = next_random(&random);
    shapes[i] = (struct shape){areas[r % 4], r % 1000, r % 77, r / 4 % 8};
  }
  for (int turn = scale(argc, argv) * 300; turn > 0; turn--)
    for (int i = 0; i < SHAPES; i++) t += shapes[i].area(&shapes[i], t) + by_kind(&shapes[(i + turn) % SHAPES], t);
  return report("dispatch", t);
}
