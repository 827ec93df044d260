/*
 * read [-r] [-p PROMPT] NAME...: one line of stdin into variables.
 *
 * Byte by byte, because what follows the line belongs to whoever reads next.
 */
#include "shell.h"

int builtin_read(int argc, char **argv) {
  bool raw = false;
  int first = 1;
  for (; first < argc && *argv[first] == '-'; first++) {
    if (same(argv[first], "-r")) {
      raw = true;
    } else if (same(argv[first], "-p") && first + 1 < argc) {
      const char *prompt = argv[++first];
      write_all(2, prompt, strlen(prompt));
    } else if (same(argv[first], "--")) {
      first++;
      break;
    } else {
      complain("read: bad option: %s", argv[first]);
      return 2;
    }
  }
  struct text line = {0};
  int status = 0;
  text_add(&line, "", 0);
  for (;;) {
    char c;
    long got = sys_read(0, &c, 1);
    if (got == -EINTR) {
      if (interrupted) status = 130;
      if (trap_pending) status = 128 + first_pending_signal();
      if (status) break;
      continue;
    }
    if (got <= 0) {
      status = 1;
      break;
    }
    if (c == '\n') {
      bool joined = false;
      if (!raw && line.length > 0 && line.at[line.length - 1] == '\\') {
        size_t slashes = 0;
        while (slashes < line.length && line.at[line.length - 1 - slashes] == '\\') slashes++;
        joined = slashes % 2 == 1;
      }
      if (!joined) break;
      line.at[--line.length] = 0;
    } else if (c) {
      text_char(&line, c);
    }
  }
  static char *reply[] = {"REPLY"};
  int names = argc - first;
  char **name = names > 0 ? argv + first : reply;
  if (names == 0) names = 1;
  int count;
  char **fields = split_fields(line.at, names, !raw, &count);
  for (int i = 0; i < names; i++) {
    if (!set_variable(name[i], i < count ? fields[i] : "")) status = 2;
  }
  release(line.at);
  return status;
}
