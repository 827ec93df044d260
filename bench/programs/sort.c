/* Merge sort of integers, and a heap. */
#include "common.h"

enum { COUNT = 1 << 14 };
static uint32_t data[COUNT], space[COUNT];

static void sort(uint32_t *at, uint32_t *spare, int count) {
  if (count < 2) return;
  const int half = count / 2;
  sort(at, spare, half), sort(at + half, spare, count - half);
  int i = 0, j = half, n = 0;
  while (i < half && j < count) spare[n++] = at[i] <= at[j] ? at[i++] : at[j++];
  while (i < half) spare[n++] = at[i++];
  while (j < count) spare[n++] = at[j++];
  for (n = 0; n < count; n++) at[n] = spare[n];
}

static void sink(uint32_t *heap, int at, int count) {
  for (int child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[at] >= heap[child]) return;
    const uint32_t kept = heap[at];
    heap[at] = heap[child], heap[child] = kept;
  }
}

int main(int argc, char **argv) {
  uint64_t sum = 0;
  uint32_t random = 17;
  for (int turn = scale(argc, argv) / 4 + 1; turn > 0; turn--) {
    for (int i = 0; i < COUNT; i++) data[i] = next_random(&random);
    sort(data, space, COUNT);
    sum = mix(sum, data[COUNT / 3]);
    for (int i = 0; i < COUNT; i++) data[i] = next_random(&random);
    for (int i = COUNT / 2; i >= 0; i--) sink(data, i, COUNT);
    for (int n = COUNT - 1; n > 0; n--) {
      const uint32_t top = data[0];
      data[0] = data[n], data[n] = top;
      sink(data, 0, n);
    }
    sum = mix(sum, data[COUNT / 5]);
  }
  return report("sort", sum);
}
