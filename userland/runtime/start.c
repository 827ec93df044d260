/*
 * From the kernel's first stack to main, and the way out.
 */
#include "runtime.h"

char **environment;
const char *program = "?";

int main(int argc, char **argv);

__attribute__((noreturn)) void runtime_start(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  environment = argv + argc + 1;
  if (argc > 0) program = base_name(argv[0]);
  leave(main(argc, argv));
}

void leave(int status) {
  long error = flush();
  /* A closed pipe has ended the program by SIGPIPE before, unless that was ignored on purpose. */
  if (error < 0 && error != -EPIPE) {
    complain("write error: %s", error_text(error));
    if (status == 0) status = 1;
  }
  sys_exit(status);
}

const char *variable(const char *name) {
  size_t length = strlen(name);
  for (char **entry = environment; *entry; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  }
  return NULL;
}
