/* Costs of the kernel path: nanoseconds for one null call, pipe round trip, fork, exec, page fault, small file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void report(const char *name, double start, long count) {
  printf("%s %.0f\n", name, (now() - start) / count);
  fflush(stdout);
}

static void null_call(long count) {
  double start = now();
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
  report("null-call", start, count);
}

static void pipe_round_trip(long count) {
  int to[2], from[2];
  char byte = 'x';
  if (pipe(to) || pipe(from)) exit(1);
  pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < count; i++)
      if (read(to[0], &byte, 1) != 1 || write(from[1], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  double start = now();
  for (long i = 0; i < count; i++)
    if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1) exit(1);
  report("pipe-round-trip", start, count);
  waitpid(child, NULL, 0);
}

static void fork_wait(long count) {
  double start = now();
  for (long i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
  }
  report("fork-exit-wait", start, count);
}

static void fork_exec(const char *self, long count) {
  double start = now();
  for (long i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) {
      execl(self, self, "exit", (char *)NULL);
      _exit(1);
    }
    waitpid(child, NULL, 0);
  }
  report("fork-exec-wait", start, count);
}

static void page_faults(long count) {
  char *memory = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  double start = now();
  for (long i = 0; i < count; i++) memory[i * 4096] = 1;
  report("page-fault", start, count);
  munmap(memory, count * 4096);
}

static void small_files(long count) {
  char name[64];
  double start = now();
  for (long i = 0; i < count; i++) {
    snprintf(name, sizeof name, "/tmp/small%ld", i % 50);
    int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);
    if (fd < 0 || write(fd, name, 32) != 32) exit(1);
    close(fd);
    if (i % 50 == 49)
      for (int j = 0; j < 50; j++) {
        snprintf(name, sizeof name, "/tmp/small%d", j);
        unlink(name);
      }
  }
  report("create-write-close", start, count);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "exit") == 0) return 0;
  long scale = argc > 1 ? atol(argv[1]) : 1;
  null_call(200000 * scale);
  pipe_round_trip(20000 * scale);
  fork_wait(300 * scale);
  fork_exec(argv[0], 100 * scale);
  page_faults(8000 * scale);
  small_files(5000 * scale);
  return 0;
}
