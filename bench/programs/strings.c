/* Text: words counted in a hash table, numbers printed and read. */
#include "common.h"

enum { BUCKETS = 1024, WORDS = 4000 };
struct word {
  struct word *next;
  char text[12];
  uint32_t count;
};
static struct word *table[BUCKETS], pool[WORDS];

int main(int argc, char **argv) {
  uint64_t sum = 0;
  for (int turn = scale(argc, argv); turn > 0; turn--) {
    uint32_t random = turn, used = 0;
    memset(table, 0, sizeof table);
    for (int i = 0; i < 6000; i++) {
      char text[12];
      const uint32_t r = next_random(&random) % 3000;
      snprintf(text, sizeof text, "w%x%u", r, r % 13);
      uint32_t h = 5381;
      for (const char *c = text; *c; c++) h = h * 33 ^ (unsigned char)*c;
      struct word **at = &table[h % BUCKETS];
      while (*at && strcmp((*at)->text, text)) at = &(*at)->next;
      if (!*at) {
        *at = &pool[used++ % WORDS];
        (*at)->next = NULL, (*at)->count = 0;
        strcpy((*at)->text, text);
      }
      (*at)->count++;
      sum += strtoul(text + 1, NULL, 16) % 7;
    }
    for (int b = 0; b < BUCKETS; b += 5)
      for (struct word *w = table[b]; w; w = w->next) sum = mix(sum, w->count);
  }
  return report("strings", sum);
}
