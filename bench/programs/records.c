/* A mixture as in programs about records: assigned, linked, compared by text, passed through procedures. */
#include "common.h"

enum trade { BAKER, COOPER, DYER, FARRIER, GLOVER, TRADES };
struct person {
  struct person *friend;
  enum trade trade;
  int32_t age, wealth;
  char name[32];
};
enum { PERSONS = 64, COLUMNS = 40 };
static struct person persons[PERSONS];
static int32_t ledger[TRADES][COLUMNS];
static char initial;

static __attribute__((noinline)) enum trade successor(enum trade trade) {
  return trade + 1 == TRADES ? BAKER : (enum trade)(trade + 1);
}

static __attribute__((noinline)) int older(const struct person *a, const struct person *b) {
  if (a->age != b->age) return a->age > b->age;
  return strcmp(a->name, b->name) > 0;
}

static __attribute__((noinline)) void rename_person(struct person *p, const char *name, int turn) {
  char digits[8];
  int n = 0;
  do digits[n++] = (char)('0' + turn % 10), turn /= 10;
  while (turn > 0 && n < 6);
  strcpy(p->name, name);
  char *end = p->name + strlen(name);
  while (n > 0) *end++ = digits[--n];
  *end = '\0';
  initial = p->name[0];
}

static __attribute__((noinline)) void pay(struct person *from, struct person *to, int32_t *column, int32_t sum) {
  from->wealth -= sum, to->wealth += sum;
  *column += from->wealth / 8 - to->wealth % 5;
}

static __attribute__((noinline)) void copy_to_friend(struct person *p) {
  struct person *other = p->friend;
  struct person *kept = other->friend;
  *other = *p;
  other->friend = kept, other->trade = successor(p->trade);
  if (other->age++ > 90) other->age = 17;
}

int main(int argc, char **argv) {
  static const char *const names[] = {"an apprentice, number ", "a master, number ", "an apprentice, number 1", "nobody "};
  uint32_t random = 11;
  uint64_t sum = 0;
  for (int i = 0; i < PERSONS; i++) {
    persons[i] = (struct person){&persons[(i * 5 + 3) % PERSONS], next_random(&random) % TRADES, i % 70, 1000, ""};
    rename_person(&persons[i], names[i % 4], i);
  }
  for (int turn = scale(argc, argv) * 3000; turn > 0; turn--) {
    struct person *one = &persons[turn % PERSONS], *other = &persons[next_random(&random) % PERSONS];
    if (older(one, other)) copy_to_friend(one);
    else rename_person(other, names[turn % 4], turn);
    pay(one, other, &ledger[one->trade][turn % COLUMNS], other->age);
    if (memcmp(one->name, other->name, 12) == 0) sum += (uint64_t)initial;
  }
  for (int i = 0; i < PERSONS; i++) sum = mix(sum, (uint64_t)(persons[i].wealth + persons[i].age));
  for (int i = 0; i < TRADES * COLUMNS; i++) sum = mix(sum, (uint64_t)ledger[i / COLUMNS][i % COLUMNS]);
  return report("records", sum);
}
