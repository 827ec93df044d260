/*
 * copies TURNS: after a fork each side has its own copy of a page, also of one that may be written and executed.
 *
 *   copies 5 turns: 0 children saw what their parent wrote
 *
 * Each turn forks a child that looks at the page once its parent has written to it. Exit code 1 if any saw that.
 */
#include "../runtime/runtime.h"

enum { PAGE = 4096, PROT_EXEC = 4 };
static const int64_t CHILD_WAITS = 10 * 1000 * 1000;

int main(int argc, char **argv) {
  long turns;
  if (argc != 2 || !parse_number(argv[1], &turns) || turns < 1) die("usage: copies TURNS");
  volatile long *page = sys_mmap(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error((void *)page)) die("mmap: %s", error_text((long)page));
  long wrong = 0;
  for (long turn = 1; turn <= turns; turn++) {
    *page = turn;
    int child = sys_fork();
    if (child < 0) die("fork: %s", error_text(child));
    if (child == 0) {
      sleep_nanoseconds(CHILD_WAITS);
      sys_exit(*page != turn);
    }
    *page = -turn;
    int status = -1;
    sys_wait4(child, &status, 0);
    wrong += status != 0;
  }
  print("copies %ld turns: %ld children saw what their parent wrote\n", turns, wrong);
  return wrong != 0;
}
