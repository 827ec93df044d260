/*
 * seekers FILE READERS COUNT ROUND: how long does a read take that has to go to the disk?
 *
 *   seekers 4 x 20: read mean 12.3 median 11.8 max 61.7 ms, sum 0123456789abcdef
 *
 * READERS processes read COUNT pages each, all over FILE (a block device, or a file), one at a time. Rounds of different
 * numbers read different pages, so that what one leaves in a cache is of no use to the next. The sum is that of the bytes.
 */
#include "../runtime/runtime.h"

enum { PAGE = 4096 };

struct answer {
  int64_t nanoseconds;
  uint64_t sum;
};

static uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

/* One reader: an answer into the pipe for each page. */
static void read_pages(const char *path, long pages, uint64_t seed, long count, int pipe) {
  int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) die("%s: %s", path, error_text(fd));
  char *page = allocate(PAGE);
  for (long i = 0; i < count; i++) {
    long offset = (long)(mixed(seed + (uint64_t)i) % (uint64_t)pages) * PAGE;
    int64_t start = now_nanoseconds(CLOCK_MONOTONIC);
    long got = SYSCALL(SYS_pread64, fd, page, PAGE, offset);
    struct answer answer = {now_nanoseconds(CLOCK_MONOTONIC) - start, 0};
    if (got != PAGE) die("%s: %s", path, got < 0 ? error_text(got) : "a short read");
    for (int byte = 0; byte < PAGE; byte++) answer.sum = answer.sum * 31 + (unsigned char)page[byte];
    if (write_all(pipe, (char *)&answer, sizeof answer) < 0) sys_exit(1);
  }
  sys_exit(0);
}

int main(int argc, char **argv) {
  long readers, count, round;
  if (argc != 5 || !parse_number(argv[2], &readers) || !parse_number(argv[3], &count) ||
      !parse_number(argv[4], &round) || readers < 1 || count < 1) {
    die("usage: seekers FILE READERS COUNT ROUND");
  }
  int fd = sys_open(argv[1], O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) die("%s: %s", argv[1], error_text(fd));
  long pages = SYSCALL(SYS_lseek, fd, 0, SEEK_END) / PAGE;
  if (pages < 1) die("%s: smaller than a page", argv[1]);
  int pipe[2];
  int error = sys_pipe(pipe, O_CLOEXEC);
  if (error < 0) die("pipe: %s", error_text(error));
  int *children = allocate((size_t)readers * sizeof *children);
  for (long reader = 0; reader < readers; reader++) {
    children[reader] = sys_fork();
    if (children[reader] < 0) die("fork: %s", error_text(children[reader]));
    uint64_t seed = mixed((uint64_t)(round * 1000 + reader)) << 16;
    if (children[reader] == 0) read_pages(argv[1], pages, seed, count, pipe[1]);
  }
  sys_close(pipe[1]);
  long all = readers * count, length = 0;
  int64_t *took = allocate((size_t)all * sizeof *took);
  uint64_t sum = 0;
  double total = 0;
  struct answer answer;
  /* An answer is far below what a pipe writes and reads as one. */
  while (length < all && sys_read(pipe[0], &answer, sizeof answer) == sizeof answer) {
    sum += mixed(answer.sum);
    total += (double)answer.nanoseconds;
    long at = length++;
    for (; at > 0 && took[at - 1] > answer.nanoseconds; at--) took[at] = took[at - 1];
    took[at] = answer.nanoseconds;
  }
  for (long reader = 0; reader < readers; reader++) {
    int status = -1;
    if (sys_wait4(children[reader], &status, 0) < 0 || status != 0) return 1;
  }
  if (length < all) die("%ld of %ld reads were answered", length, all);
  print("seekers %ld x %ld: read mean %.1f median %.1f max %.1f ms, sum %016lx\n", readers, count,
        total / (double)all / 1e6, (double)took[all / 2] / 1e6, (double)took[all - 1] / 1e6, sum);
  return 0;
}
