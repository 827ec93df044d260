/* A mixture as in small controllers: linked lists, small matrices, a state machine over text, checksums. */
#include "common.h"

struct item {
  struct item *next;
  int16_t key, value;
};
enum { ITEMS = 200, SIDE = 24, TEXT = 2000 };
static struct item items[ITEMS];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char text[TEXT + 1];

static uint16_t crc(uint16_t sum, uint16_t value) {
  for (int i = 0; i < 16; i++) {
    const int carry = (sum ^ value) & 1;
    sum >>= 1, value >>= 1;
    if (carry) sum ^= 0xa001;
  }
  return sum;
}

static struct item *reversed(struct item *list) {
  struct item *done = NULL;
  while (list) {
    struct item *rest = list->next;
    list->next = done, done = list, list = rest;
  }
  return done;
}

static struct item *find(struct item *list, int16_t key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static int numbers(const char *at, int *counts) {
  enum { START, SIGN, DIGITS, POINT, FRACTION, BAD } state = START;
  for (; *at; at++) {
    const char c = *at;
    if (c == ',') {
      counts[state]++, state = START;
      continue;
    }
    const int digit = c >= '0' && c <= '9';
    switch (state) {
      case START: state = digit ? DIGITS : c == '-' || c == '+' ? SIGN : c == '.' ? POINT : BAD; break;
      case SIGN: state = digit ? DIGITS : c == '.' ? POINT : BAD; break;
      case DIGITS: state = digit ? DIGITS : c == '.' ? FRACTION : BAD; break;
      case POINT: state = digit ? FRACTION : BAD; break;
      case FRACTION: state = digit ? FRACTION : BAD; break;
      case BAD: break;
    }
  }
  return counts[DIGITS] * 31 + counts[FRACTION] * 7 + counts[BAD];
}

int main(int argc, char **argv) {
  uint32_t random = 5;
  for (int i = 0; i < ITEMS; i++) items[i] = (struct item){i + 1 < ITEMS ? &items[i + 1] : NULL, i * 7 % ITEMS, next_random(&random)};
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) left[i][j] = next_random(&random), right[i][j] = next_random(&random);
  for (int i = 0; i < TEXT; i++) text[i] = "0123456789.,,-+x"[next_random(&random) % 16];
  struct item *list = items;
  uint16_t sum = 0;
  for (int turn = scale(argc, argv) * 20; turn > 0; turn--) {
    for (int i = 0; i < 20; i++) {
      struct item *one = find(list, next_random(&random) % ITEMS);
      if (one) sum = crc(sum, one->value++);
      list = reversed(list);
    }
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        int32_t dot = 0;
        for (int l = 0; l < SIDE; l++) dot += left[i][l] * right[l][j];
        product[i][j] = dot;
      }
    for (int i = 0; i < SIDE; i++) sum = crc(sum, product[i][turn % SIDE]);
    int counts[6] = {0};
    sum = crc(sum, numbers(text, counts));
    text[turn % TEXT] ^= 1;
    if (text[turn % TEXT] == 0) text[turn % TEXT] = ',';
  }
  return report("mixture", sum);
}
