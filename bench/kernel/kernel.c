/* The kernel path: operations that are done again and again. By name, with a checksum; or all, with the time of one. */
#include "../programs/common.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64, FRESH = 4096, FILES = 50, THREADS = 4 };

/* This program; and what runs it, where the host's kernel would not (QEMU without binfmt_misc). */
static const char *self, *launcher;

static void need(int truth, const char *what) {
  if (truth) return;
  perror(what);
  _exit(1);
}

/* @returns what the child ended with */
static uint64_t status_of(pid_t child) {
  int status;
  need(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status), "child");
  return (uint64_t)WEXITSTATUS(status);
}

static uint64_t nothing(long count) { return (uint64_t)count; }

static uint64_t null_call(long count) {
  uint64_t same = 0;
  const long parent = syscall(SYS_getppid);
  for (long i = 0; i < count; i++) same += syscall(SYS_getppid) == parent;
  return same;
}

static uint64_t pipe_round_trip(long count) {
  int to[2], from[2];
  uint8_t byte = 1;
  need(pipe(to) == 0 && pipe(from) == 0, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < count; i++) {
      need(read(to[0], &byte, 1) == 1, "read");
      byte = (uint8_t)(byte * 5 + 1);
      need(write(from[1], &byte, 1) == 1, "write");
    }
    _exit(0);
  }
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    need(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1, "round trip");
    sum = mix(sum, byte);
  }
  sum += status_of(child);
  for (int i = 0; i < 2; i++) close(to[i]), close(from[i]);
  return sum;
}

/* 64 KiB at a time from one process to another. */
static uint64_t pipe_stream(long count) {
  static uint8_t block[1 << 16];
  int ends[2];
  need(pipe(ends) == 0, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < count; i++) {
      block[0] = (uint8_t)i;
      for (size_t at = 0; at < sizeof block;) {
        const ssize_t written = write(ends[1], block + at, sizeof block - at);
        need(written > 0, "write");
        at += (size_t)written;
      }
    }
    _exit(0);
  }
  close(ends[1]);
  uint64_t sum = 0, total = 0;
  for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0; total += (uint64_t)got)
    if (total % sizeof block == 0) sum = mix(sum, block[0]);
  close(ends[0]);
  return mix(sum, total) + status_of(child);
}

static uint64_t fork_wait(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    const pid_t child = fork();
    if (child == 0) _exit((int)i & 63);
    sum = mix(sum, status_of(child));
  }
  return sum;
}

static uint64_t fork_exec(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    char code[8];
    snprintf(code, sizeof code, "%ld", i & 63);
    const pid_t child = fork();
    if (child == 0) {
      if (launcher) execl(launcher, launcher, self, "exit", code, (char *)NULL);
      else execl(self, self, "exit", code, (char *)NULL);
      _exit(127);
    }
    const uint64_t status = status_of(child);
    need(status != 127, "exec");
    sum = mix(sum, status);
  }
  return sum;
}

/* Anonymous memory touched for the first time, 16 MiB at a time. */
static uint64_t page_faults(long count) {
  uint64_t sum = 0;
  for (long left = count; left > 0;) {
    const long now = left < FRESH ? left : FRESH;
    uint8_t *memory = mmap(NULL, FRESH * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "mmap");
    for (long i = 0; i < now; i++) sum += ++memory[i * PAGE];
    need(munmap(memory, FRESH * PAGE) == 0, "munmap");
    left -= now;
  }
  return sum;
}

/* Mapped, touched in one page, protected, cut in two, unmapped. */
static uint64_t map_unmap(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    uint8_t *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "mmap");
    memory[i % PAGES * PAGE] = (uint8_t)i;
    need(mprotect(memory, PAGES / 2 * PAGE, PROT_READ) == 0, "mprotect");
    sum = mix(sum, memory[i % PAGES * PAGE]);
    need(munmap(memory + PAGES / 4 * PAGE, PAGES / 4 * PAGE) == 0, "munmap");
    need(munmap(memory, PAGES * PAGE) == 0, "munmap");
  }
  return sum;
}

static uint64_t small_files(long count) {
  char folder[] = "/tmp/small-XXXXXX", name[64], text[32];
  struct stat facts;
  uint64_t sum = 0;
  need(mkdtemp(folder) != NULL, "mkdtemp");
  for (long i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%s/%ld", folder, i % FILES);
    int file = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);
    snprintf(text, sizeof text, "%31ld", i);
    need(file >= 0 && write(file, text, sizeof text) == sizeof text, "write");
    close(file);
    need(stat(name, &facts) == 0 && (file = open(name, O_RDONLY)) >= 0, "open");
    need(read(file, text, sizeof text) == facts.st_size, "read");
    close(file);
    sum = mix(sum, (uint64_t)atol(text));
    if (i % FILES == FILES - 1 || i == count - 1)
      for (long last = i % FILES; last >= 0; last--) {
        snprintf(name, sizeof name, "%s/%ld", folder, last);
        need(unlink(name) == 0, "unlink");
      }
  }
  need(rmdir(folder) == 0, "rmdir");
  return sum;
}

static void *thread_body(void *argument) {
  return (void *)(*(uint64_t *)argument * 3 + 1);
}

static uint64_t threads(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    pthread_t all[THREADS];
    uint64_t inputs[THREADS];
    for (int t = 0; t < THREADS; t++) {
      inputs[t] = (uint64_t)(i + t);
      need(pthread_create(&all[t], NULL, thread_body, &inputs[t]) == 0, "pthread_create");
    }
    for (int t = 0; t < THREADS; t++) {
      void *result;
      need(pthread_join(all[t], &result) == 0, "pthread_join");
      sum = mix(sum, (uint64_t)result);
    }
  }
  return sum;
}

static uint32_t turn;

static void pass(uint32_t from, uint32_t to) {
  while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != from)
    syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, to, NULL, NULL, 0);
  __atomic_store_n(&turn, to, __ATOMIC_RELEASE);
  syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *partner(void *argument) {
  for (long i = *(long *)argument; i > 0; i--) pass(1, 0);
  return NULL;
}

/* Two threads that wait for each other by turns. */
static uint64_t futex_round_trip(long count) {
  pthread_t other;
  uint64_t sum = 0;
  turn = 0;
  need(pthread_create(&other, NULL, partner, &count) == 0, "pthread_create");
  for (long i = 0; i < count; i++) pass(0, 1), sum++;
  need(pthread_join(other, NULL) == 0, "pthread_join");
  return sum;
}

struct operation {
  const char *name;
  uint64_t (*run)(long count);
  long count;
};
static const struct operation operations[] = {
    {"start", nothing, 1},   {"syscall", null_call, 20000}, {"pipe", pipe_round_trip, 2000},   {"stream", pipe_stream, 200},
    {"fork", fork_wait, 30}, {"exec", fork_exec, 10},       {"files", small_files, 500},       {"threads", threads, 20},
    {"mmap", map_unmap, 200}, {"faults", page_faults, 800}, {"futex", futex_round_trip, 2000},
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* kernel NAME SCALE [LAUNCHER] does one operation, kernel times SCALE [LAUNCHER] all. */
int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const long scale = atol(argv[2]);
  if (strcmp(argv[1], "exit") == 0) return (int)scale;
  self = argv[0], launcher = argc > 3 ? argv[3] : NULL;
  const int all = strcmp(argv[1], "times") == 0;
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    const struct operation *one = &operations[i];
    if (all ? one->run == nothing : strcmp(argv[1], one->name) != 0) continue;
    const double start = now();
    const uint64_t sum = one->run(one->count * scale);
    if (!all) return report(one->name, sum);
    printf("%s %.0f\n", one->name, (now() - start) / (one->count * scale));
    fflush(stdout);
  }
  return all ? 0 : 2;
}
