/* Branches that depend on data: Collatz's numbers, greatest common divisors, a search in a table, a maze. */
#include "common.h"

enum { TABLE = 1021, SIDE = 64 };
static uint32_t table[TABLE];
static uint8_t maze[SIDE][SIDE];

static uint32_t collatz(uint32_t n) {
  uint32_t steps = 0;
  for (uint64_t at = n; at != 1; steps++)
    if (at & 1) at = at * 3 + 1;
    else at >>= 1;
  return steps;
}

static uint32_t divisor(uint32_t a, uint32_t b) {
  while (a != b)
    if (a > b) a -= b;
    else b -= a;
  return a;
}

static int search(uint32_t key) {
  int low = 0, high = TABLE;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (table[middle] == key) return middle;
    if (table[middle] < key) low = middle + 1;
    else high = middle;
  }
  return -low;
}

/* Keeps to the wall on the right. */
static int walk(int steps) {
  static const int dx[] = {1, 0, -1, 0}, dy[] = {0, 1, 0, -1};
  int x = 1, y = 1, facing = 0;
  for (; steps > 0; steps--) {
    const int right = (facing + 1) % 4;
    if (!maze[y + dy[right]][x + dx[right]]) facing = right;
    else if (maze[y + dy[facing]][x + dx[facing]]) {
      facing = (facing + 3) % 4;
      continue;
    }
    x += dx[facing], y += dy[facing];
  }
  return x * SIDE + y;
}

int main(int argc, char **argv) {
  uint32_t random = 13;
  uint64_t sum = 0;
  for (int i = 0; i < TABLE; i++) table[i] = (i > 0 ? table[i - 1] : 0) + 1 + next_random(&random) % 9;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const int wall = x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1;
      maze[y][x] = wall || (x + y > 3 && next_random(&random) % 4 == 0);
    }
  for (int turn = scale(argc, argv) * 10; turn > 0; turn--) {
    for (int i = 0; i < 10; i++) {
      sum += collatz(1 + next_random(&random) % 100000);
      sum += divisor(1 + next_random(&random) % 1000, 1 + next_random(&random) % 1000);
    }
    for (int i = 0; i < 30; i++) sum = mix(sum, (uint64_t)search(next_random(&random) % (TABLE * 5)));
    sum = mix(sum, (uint64_t)walk(300));
  }
  return report("branches", sum);
}
