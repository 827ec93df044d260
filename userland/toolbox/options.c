/*
 * Command lines and input files, the same way in every tool.
 */
#include "toolbox.h"

bool parse_options(int argc, char **argv, const char *letters, const char *valued, struct options *to) {
  memset(to, 0, sizeof *to);
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (same(argv[i], "--")) {
      i++;
      break;
    }
    for (const char *letter = argv[i] + 1; *letter; letter++) {
      int c = *letter & 127;
      if (strchr(letters, c)) {
        to->on[c] = true;
      } else if (strchr(valued, c)) {
        if (!letter[1] && i + 1 == argc) {
          complain("-%c needs a value", c);
          return false;
        }
        to->on[c] = true;
        to->value[c] = letter[1] ? letter + 1 : argv[++i];
        break;
      } else {
        complain("unknown option -%c", c);
        return false;
      }
    }
  }
  to->first = i;
  return true;
}

int file_error(const char *path, long error) {
  complain("%s: %s", path, error_text(error));
  return 1;
}

int open_input(const char *path) {
  if (same(path, "-")) return 0;
  int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) file_error(path, fd);
  return fd;
}
