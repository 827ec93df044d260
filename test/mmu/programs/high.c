/* Maps memory at addresses that three levels of page tables do not reach, and uses it in every way. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 4 };

static sigjmp_buf escape;
static volatile uintptr_t refused;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  refused = (uintptr_t)info->si_addr;
  siglongjmp(escape, 1);
}

static void report(const char *what, int right) { printf("%s: %s\n", what, right ? "right" : "wrong"); }

static void use(uintptr_t where) {
  char *at = mmap((void *)where, PAGES * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  printf("at %#lx: %s\n", (unsigned long)where, at == MAP_FAILED ? strerror(errno) : "mapped");
  if (at == MAP_FAILED) return;
  for (int i = 0; i < PAGES; i++) memset(at + i * PAGE, 'a' + i, PAGE);
  pid_t child = fork();
  if (child == 0) {
    int right = at[0] == 'a' && at[PAGES * PAGE - 1] == 'a' + PAGES - 1;
    memset(at, 'z', PAGES * PAGE);
    _exit(right && at[PAGE] == 'z' ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  report("a child has a copy", status == 0 && at[0] == 'a' && at[PAGE] == 'b');
  report("a system call reads it", write(1, strcpy(at, "written from there\n"), 19) == 19);
  mprotect(at + PAGE, PAGE, PROT_READ);
  if (sigsetjmp(escape, 1) == 0) at[PAGE + 5] = 1;
  report("a refused store is told where", refused == where + PAGE + 5 && at[PAGE + 5] == 'b');
  munmap(at + 2 * PAGE, PAGE);
  refused = 0;
  if (sigsetjmp(escape, 1) == 0) printf("%d\n", ((volatile char *)at)[2 * PAGE]);
  report("what is unmapped is gone", refused == where + 2 * PAGE && at[3 * PAGE] == 'd');
  char *moved = mremap(at + 3 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 2 * PAGE);
  report("pages move", moved == at + 2 * PAGE && *moved == 'd');
  /* addi a0, a0, 7; ret */
  const uint32_t code[] = {0x00750513, 0x00008067};
  memcpy(at, code, sizeof code);
  mprotect(at, PAGE, PROT_READ | PROT_EXEC);
  __builtin___clear_cache(at, at + sizeof code);
  report("code runs there", ((int (*)(int))(void *)at)(35) == 42);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  setvbuf(stdout, NULL, _IONBF, 0);
  use(UINT64_C(1) << 33);
  use((UINT64_C(1) << 38) - PAGE);
  use((UINT64_C(1) << 39) - 2 * PAGE);
  use(UINT64_C(3) << 40);
  use((UINT64_C(1) << 46) + 5 * PAGE);
  const size_t huge = (size_t)1 << 41;
  char *sparse = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  printf("2 TiB: %s\n", sparse == MAP_FAILED ? strerror(errno) : "mapped");
  if (sparse == MAP_FAILED) return 0;
  for (size_t at = 0; at < huge; at += huge / 8) sparse[at] = (char)(at >> 38);
  int sum = 0;
  for (size_t at = 0; at < huge; at += huge / 8) sum += sparse[at] + sparse[at + PAGE];
  report("2 TiB, here and there", sum == 28);
  report("2 TiB go at once", munmap(sparse, huge) == 0);
  return 0;
}
