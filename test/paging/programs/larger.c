/* Uses more memory than there is, in one of several ways, and prints a checksum that does not depend on it. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static uint64_t *words;
static size_t pages;

static uint64_t sum(void) {
  uint64_t total = 0;
  for (size_t i = 0; i < pages; i++)
    for (size_t k = 0; k < PAGE / 8; k += 73) total = total * 31 + words[i * (PAGE / 8) + k];
  return total;
}

static void fill(uint64_t with) {
  for (size_t i = 0; i < pages; i++)
    for (size_t k = 0; k < PAGE / 8; k += 73) words[i * (PAGE / 8) + k] = i * 2654435761u + k + with;
}

static void scatter(int count) {
  for (int i = 0; i < count; i++) words[next() % (pages * (PAGE / 8)) / 73 * 73] += (uint64_t)i;
}

static volatile int handled;
static void handle(int signal) {
  char stack[6000];
  memset(stack, signal, sizeof stack);
  handled += stack[5000] == signal;
}

static void *part(void *at) {
  uint64_t total = 0;
  for (size_t i = (size_t)at; i < pages; i += 4) total += words[i * (PAGE / 8)] += 5;
  return (void *)total;
}

int main(int argc, char **argv) {
  const char *how = argv[1];
  pages = (size_t)atoi(argv[2]) << 8;
  words = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) return perror("mmap"), 1;
  fill(1);
  if (!strcmp(how, "sequential")) {
    fill(2);
  } else if (!strcmp(how, "random")) {
    scatter(4000);
  } else if (!strcmp(how, "fork")) {
    for (int i = 0; i < 3; i++) {
      pid_t child = fork();
      if (child < 0) return perror("fork"), 1;
      if (child == 0) {
        uint64_t before = sum();
        fill((uint64_t)i + 7);
        scatter(500);
        printf("%d %d %016llx %016llx\n", i, getpid() != getppid(), (unsigned long long)before,
               (unsigned long long)sum());
        fflush(stdout);
        _exit(i);
      }
      scatter(200);
      int status;
      if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != i) return 2;
    }
  } else if (!strcmp(how, "signals")) {
    /* The stack and the handler's frame are long out when a signal comes. */
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR2, &action, NULL);
    for (int i = 0; i < 20; i++) {
      fill((uint64_t)i);
      kill(getpid(), i % 2 ? SIGUSR1 : SIGUSR2);
    }
    printf("%d handled\n", handled);
  } else if (!strcmp(how, "threads")) {
    uint64_t total = 0;
    pthread_t threads[4];
    for (int round = 0; round < 2; round++) {
      for (size_t i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, part, (void *)i)) return 3;
      for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        total += (uint64_t)result;
      }
    }
    printf("%016llx by threads\n", (unsigned long long)total);
  } else if (!strcmp(how, "calls")) {
    /* System calls read and write pages that are out, in pieces larger than a page. */
    FILE *file = tmpfile();
    int to = fileno(file);
    size_t piece = 200 * PAGE;
    for (int i = 0; i < 3; i++) {
      size_t at = next() % (pages * PAGE - piece);
      if (pwrite(to, (char *)words + at, piece, 0) != (ssize_t)piece) return 4;
      at = next() % (pages * PAGE - piece);
      if (pread(to, (char *)words + at, piece, 0) != (ssize_t)piece) return 5;
    }
  } else if (!strcmp(how, "moves")) {
    char *to = mremap(words, pages * PAGE, pages * PAGE * 5 / 4, MREMAP_MAYMOVE);
    if (to == MAP_FAILED) return perror("mremap"), 1;
    words = (uint64_t *)to;
    madvise(to + PAGE * 64, PAGE * 512, MADV_DONTNEED);
    mprotect(to, pages * PAGE, PROT_READ);
    printf("%016llx read only\n", (unsigned long long)sum());
    mprotect(to, pages * PAGE, PROT_READ | PROT_WRITE);
    munmap(to + PAGE * 600, PAGE * 100);
    mmap(to + PAGE * 600, PAGE * 100, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  }
  printf("%016llx\n", (unsigned long long)sum());
  return 0;
}
