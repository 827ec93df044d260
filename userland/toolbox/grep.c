/*
 * grep [-EFivcnqlohsx] PATTERN [FILE...]   grep -e PATTERN
 */
#include "toolbox.h"

static struct options options;

static void show_prefix(const char *name, long number) {
  if (name) print("%s:", name);
  if (options.on['n']) print("%ld:", number);
}

static long search(const struct regex *regex, int fd, const char *name, bool show_name) {
  struct reader reader = {.fd = fd};
  long found = 0;
  char *line;
  for (long number = 1; (line = read_line(&reader)) != NULL; number++, release(line)) {
    size_t start, length, all = strlen(line);
    bool hit = regex_search(regex, line, &start, &length);
    if (hit && options.on['x']) hit = start == 0 && length == all;
    if (hit == options.on['v']) continue;
    found++;
    if (options.on['q'] || options.on['l']) {
      release(line);
      break;
    }
    if (options.on['c']) continue;
    if (!options.on['o'] || options.on['v']) {
      show_prefix(show_name ? name : NULL, number);
      print("%s\n", line);
      continue;
    }
    /* Each match that is not empty, on a line of its own. */
    for (size_t from = 0; from < all && regex_search(regex, line + from, &start, &length);) {
      if (length > 0) {
        show_prefix(show_name ? name : NULL, number);
        print("%.*s\n", (int)length, line + from + start);
      }
      from += start + (length ? length : 1);
    }
  }
  if (options.on['c']) {
    if (show_name) print("%s:", name);
    print("%ld\n", found);
  }
  if (options.on['l'] && found) print("%s\n", name);
  return found;
}

int tool_grep(int argc, char **argv) {
  if (!parse_options(argc, argv, "EFivcnqlohsx", "e", &options)) return 2;
  const char *pattern = options.value['e'];
  if (!pattern && options.first < argc) pattern = argv[options.first++];
  if (!pattern) {
    complain("usage: grep [-EFivcnqlohsx] PATTERN [FILE...]");
    return 2;
  }
  struct regex *regex = regex_new(pattern, options.on['E'], options.on['F'], options.on['i']);
  long found = 0;
  bool failed = false, many = argc - options.first > 1 && !options.on['h'];
  if (options.first == argc) found = search(regex, 0, "(standard input)", false);
  for (int i = options.first; i < argc; i++) {
    int fd = same(argv[i], "-") ? 0 : sys_open(argv[i], O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
      failed = true;
      if (!options.on['s']) file_error(argv[i], fd);
      continue;
    }
    found += search(regex, fd, argv[i], many);
    if (fd > 0) sys_close(fd);
    if (options.on['q'] && found) break;
  }
  return failed && !(options.on['q'] && found) ? 2 : found ? 0 : 1;
}
