/*
 * sort [-rnuf] [-k FIELD] [FILE...]: whole lines, or from a field on, by bytes or by number.
 */
#include "toolbox.h"

static struct options options;
static long field = 1;

static const char *key_of(const char *line) {
  for (long i = 1; i < field; i++) {
    while (is_space(*line)) line++;
    while (*line && !is_space(*line)) line++;
  }
  if (options.on['n'] || options.on['b']) {
    while (is_space(*line)) line++;
  }
  return line;
}

static int compare_numbers(const char *a, const char *b) {
  bool negative_a = *a == '-', negative_b = *b == '-';
  long x = 0, y = 0;
  for (a += negative_a; is_digit(*a); a++) x = x * 10 + (*a - '0');
  for (b += negative_b; is_digit(*b); b++) y = y * 10 + (*b - '0');
  if (negative_a) x = -x;
  if (negative_b) y = -y;
  return x < y ? -1 : x > y;
}

static int compare_text(const char *a, const char *b) {
  if (!options.on['f']) return strcmp(a, b);
  while (*a && to_lower((unsigned char)*a) == to_lower((unsigned char)*b)) a++, b++;
  return to_lower((unsigned char)*a) - to_lower((unsigned char)*b);
}

static int compare_keys(const char *a, const char *b) {
  return options.on['n'] ? compare_numbers(key_of(a), key_of(b)) : compare_text(key_of(a), key_of(b));
}

/* Lines with the same key are ordered as a whole, except with -u, which keeps the first of them. */
static int compare(const char *a, const char *b) {
  int order = compare_keys(a, b);
  if (order == 0 && !options.on['u']) order = strcmp(a, b);
  return options.on['r'] ? -order : order;
}

int tool_sort(int argc, char **argv) {
  if (!parse_options(argc, argv, "rnufb", "k", &options)) return 2;
  if (options.on['k']) {
    const char *text = options.value['k'];
    for (field = 0; is_digit(*text); text++) field = field * 10 + (*text - '0');
    if (field < 1) die("bad field: %s", options.value['k']);
  }
  char **lines = NULL;
  size_t count = 0, room = 0;
  int i = options.first;
  do {
    struct reader reader = {.fd = i < argc ? open_input(argv[i]) : 0};
    if (reader.fd < 0) return 2;
    for (char *line; (line = read_line(&reader)) != NULL; lines[count++] = line) {
      if (count == room) lines = reallocate(lines, (room = room ? room * 2 : 64) * sizeof *lines);
    }
    if (reader.fd > 0) sys_close(reader.fd);
  } while (++i < argc);
  sort_strings(lines, count, compare);
  for (size_t at = 0; at < count; at++) {
    if (options.on['u'] && at > 0 && compare_keys(lines[at - 1], lines[at]) == 0) continue;
    print("%s\n", lines[at]);
  }
  return 0;
}
