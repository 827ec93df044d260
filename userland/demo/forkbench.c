/*
 * forkbench MEGABYTES COUNT: what does fork cost a process of that size?
 *
 *   forkbench 16 MB x 50: mean 123.4 us, OK
 *
 * The parent fills its memory with known values. Each child checks one page, overwrites it and exits; the parent then
 * checks its own copy of that page. At the end it checks everything. BAD means that copy-on-write (or copying) is broken.
 */
#include "../runtime/runtime.h"

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };

static uint64_t expected(long page, long word) {
  return ((uint64_t)page << 12 | (uint64_t)word) * 0x9e3779b97f4a7c15;
}

static bool intact(const uint64_t *memory, long page) {
  for (long word = 0; word < WORDS; word++) {
    if (memory[page * WORDS + word] != expected(page, word)) return false;
  }
  return true;
}

int main(int argc, char **argv) {
  long megabytes, count;
  if (argc != 3 || !parse_number(argv[1], &megabytes) || !parse_number(argv[2], &count) || megabytes < 1 || count < 1) {
    die("usage: forkbench MEGABYTES COUNT");
  }
  long pages = megabytes << 8;
  uint64_t *memory = sys_mmap((size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error(memory)) die("mmap: %s", error_text((long)memory));
  for (long i = 0; i < pages * WORDS; i++) memory[i] = expected(i / WORDS, i % WORDS);

  bool good = true;
  int64_t total = 0;
  for (long i = 0; i < count; i++) {
    /* A stride that is odd visits many different pages of a power of two. */
    long page = i * 37 % pages;
    int64_t start = now_nanoseconds(CLOCK_MONOTONIC);
    int child = sys_fork();
    if (child < 0) die("fork: %s", error_text(child));
    if (child == 0) {
      bool seen = intact(memory, page);
      memset(memory + page * WORDS, 0xff, PAGE);
      sys_exit(seen && memory[page * WORDS] == ~0UL ? 0 : 1);
    }
    int status = -1;
    int waited;
    while ((waited = sys_wait4(child, &status, 0)) == -EINTR) continue;
    total += now_nanoseconds(CLOCK_MONOTONIC) - start;
    if (waited != child || status != 0 || !intact(memory, page)) good = false;
  }
  for (long page = 0; page < pages; page++) good = good && intact(memory, page);
  print("forkbench %ld MB x %ld: mean %.1f us, %s\n", megabytes, count, (double)total / (double)count / 1e3,
        good ? "OK" : "BAD");
  return good ? 0 : 1;
}
