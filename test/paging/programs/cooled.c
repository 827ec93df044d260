/*
 * Pages that a program says it does not need: what MADV_COLD and MADV_PAGEOUT do to them, and that nothing is lost.
 *
 * Prints a line a step. Needs a swap disk and a module that uses it to print what cooled.test.ts expects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define PAGES 64

static long of(const char *name) {
  char line[200];
  long kilobytes = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), ": %ld", &kilobytes);
  fclose(status);
  return kilobytes;
}

static int present(char *at) {
  unsigned char there[PAGES];
  int count = 0;
  mincore(at, PAGES * PAGE, there);
  for (int i = 0; i < PAGES; i++) count += there[i] & 1;
  return count;
}

static int right(char *at) {
  int count = 0;
  for (int i = 0; i < PAGES; i++) count += at[i * PAGE + i] == (char)(i + 1);
  return count;
}

int main(void) {
  char *own = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < PAGES; i++) own[i * PAGE + i] = shared[i * PAGE + i] = i + 1;
  printf("touched: %d %d\n", present(own), present(shared));
  printf("cold: %d, %d\n", madvise(own, PAGES * PAGE, MADV_COLD), present(own));
  long before = of("VmSwap");
  printf("out: %d, %d, %ld kB\n", madvise(own, PAGES * PAGE, MADV_PAGEOUT), present(own), of("VmSwap") - before);
  printf("shared: %d, %d\n", madvise(shared, PAGES * PAGE, MADV_PAGEOUT), right(shared));
  printf("right: %d\n", right(own));
  printf("back: %d, %ld kB\n", present(own), of("VmSwap") - before);
  fflush(stdout);
  if (fork() == 0) {
    printf("a child's: %d, %d\n", madvise(own, PAGES * PAGE, MADV_PAGEOUT), right(own));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  mlock(own + 8 * PAGE, PAGE);
  printf("with a locked page: %d %s, %d\n", madvise(own, PAGES * PAGE, MADV_PAGEOUT), strerrorname_np(errno), present(own));
  munlock(own + 8 * PAGE, PAGE);
  printf("without: %d, %d\n", madvise(own, PAGES * PAGE, MADV_PAGEOUT), present(own));
  printf("right: %d\n", right(own));
  munmap(own, PAGES * PAGE);
  printf("gone: %ld kB\n", of("VmSwap") - before);
  return 0;
}
