/*
 * After a fork each side has its own copy of a page, also of one that may be written and executed: each child looks at
 * the page once its parent has written to it. Prints how many saw the parent's writing; exits with 1 if any did.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 5

int main(void) {
  volatile int *page =
      mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int wrong = 0;
  for (int i = 1; i <= TURNS; i++) {
    int status;
    *page = i;
    if (fork() == 0) {
      usleep(10000);
      _exit(*page != i);
    }
    *page = -i;
    wait(&status);
    wrong += status != 0;
  }
  printf("%d of %d\n", wrong, TURNS);
  return wrong != 0;
}
