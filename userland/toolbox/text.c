/*
 * cat, tee, wc, head, tail, seq.
 */
#include "toolbox.h"

static char buffer[32 * 1024];

int tool_cat(int argc, char **argv) {
  static char standard_input[] = "-", *only[] = {standard_input};
  int status = 0, first = argc > 1 && same(argv[1], "-u") ? 2 : 1;
  int count = argc > first ? argc - first : 1;
  char **paths = argc > first ? argv + first : only;
  for (int i = 0; i < count; i++) {
    int fd = open_input(paths[i]);
    if (fd < 0) {
      status = 1;
      continue;
    }
    long got;
    while ((got = sys_read(fd, buffer, sizeof buffer)) > 0) {
      long error = write_all(1, buffer, (size_t)got);
      if (error < 0) die("write error: %s", error_text(error));
    }
    if (got < 0) status = file_error(paths[i], got);
    if (fd > 0) sys_close(fd);
  }
  return status;
}

int tool_tee(int argc, char **argv) {
  struct options options;
  int status = 0;
  if (!parse_options(argc, argv, "a", "", &options)) return 1;
  for (int i = options.first; i < argc; i++) {
    int fd = sys_open(argv[i], O_WRONLY | O_CREAT | (options.on['a'] ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) status = file_error(argv[i], fd);
    /* The fd takes the place of the name; below 0 it is passed over. */
    argv[i] = (char *)(long)fd;
  }
  long got;
  while ((got = sys_read(0, buffer, sizeof buffer)) > 0) {
    if (write_all(1, buffer, (size_t)got) < 0) status = 1;
    for (int i = options.first; i < argc; i++) {
      int fd = (int)(long)argv[i];
      if (fd >= 0 && write_all(fd, buffer, (size_t)got) < 0) status = 1;
    }
  }
  return status;
}

struct counts {
  long lines, words, bytes;
};

static void show_counts(const struct options *options, const struct counts *counts, const char *name) {
  const struct {
    char letter;
    long value;
  } columns[] = {{'l', counts->lines}, {'w', counts->words}, {'c', counts->bytes}};
  bool all = !options->on['l'] && !options->on['w'] && !options->on['c'];
  bool one = options->on['l'] + options->on['w'] + options->on['c'] == 1, any = false;
  for (int i = 0; i < 3; i++) {
    if (!all && !options->on[(int)columns[i].letter]) continue;
    print(one ? "%s%ld" : "%s%7ld", any ? " " : "", columns[i].value);
    any = true;
  }
  print("%s%s\n", name ? " " : "", name ? name : "");
}

int tool_wc(int argc, char **argv) {
  struct options options;
  struct counts total = {0};
  int status = 0;
  if (!parse_options(argc, argv, "lwc", "", &options)) return 1;
  int i = options.first;
  do {
    struct reader reader = {.fd = i < argc ? open_input(argv[i]) : 0};
    if (reader.fd < 0) {
      status = 1;
      continue;
    }
    struct counts counts = {0};
    bool in_word = false;
    for (int c; (c = read_byte(&reader)) >= 0;) {
      counts.bytes++;
      if (c == '\n') counts.lines++;
      if (!is_space(c) && !in_word) counts.words++;
      in_word = !is_space(c);
    }
    if (reader.fd > 0) sys_close(reader.fd);
    show_counts(&options, &counts, i < argc ? argv[i] : NULL);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
  } while (++i < argc);
  if (argc - options.first > 1) show_counts(&options, &total, "total");
  return status;
}

/* head and tail take -n COUNT, -c COUNT and the old -COUNT. */
static long count_option(int *argc, char ***argv, struct options *options) {
  long count = 10;
  if (*argc > 1 && (*argv)[1][0] == '-' && is_digit((*argv)[1][1])) {
    if (!parse_number((*argv)[1] + 1, &count)) die("bad number: %s", (*argv)[1]);
    (*argc)--;
    (*argv)++;
    memset(options, 0, sizeof *options);
    options->first = 1;
    return count;
  }
  if (!parse_options(*argc, *argv, "q", "nc", options)) leave(1);
  const char *text = options->value['c'] ? options->value['c'] : options->value['n'];
  if (text && (!parse_number(text, &count) || count < 0)) die("bad number: %s", text);
  return count;
}

int tool_head(int argc, char **argv) {
  struct options options;
  long count = count_option(&argc, &argv, &options);
  int status = 0, i = options.first;
  do {
    struct reader reader = {.fd = i < argc ? open_input(argv[i]) : 0};
    if (reader.fd < 0) {
      status = 1;
      continue;
    }
    if (argc - options.first > 1) print("%s==> %s <==\n", i > options.first ? "\n" : "", argv[i]);
    for (long left = count; left > 0;) {
      int c = read_byte(&reader);
      if (c < 0) break;
      print("%c", c);
      if (options.on['c'] || c == '\n') left--;
    }
    if (reader.fd > 0) sys_close(reader.fd);
  } while (++i < argc);
  return status;
}

int tool_tail(int argc, char **argv) {
  struct options options;
  long count = count_option(&argc, &argv, &options);
  struct reader reader = {.fd = options.first < argc ? open_input(argv[options.first]) : 0};
  if (reader.fd < 0) return 1;
  struct text all = {0};
  text_add(&all, "", 0);
  for (int c; (c = read_byte(&reader)) >= 0;) text_char(&all, (char)c);
  size_t start = all.length;
  if (options.on['c']) {
    start = all.length > (size_t)count ? all.length - (size_t)count : 0;
  } else {
    /* A newline at the very end belongs to the last line. */
    for (long left = count; start > 0 && left > 0;) {
      start--;
      if (start > 0 && all.at[start - 1] == '\n') left--;
    }
  }
  print_bytes(all.at + start, all.length - start);
  return 0;
}

int tool_seq(int argc, char **argv) {
  long first = 1, step = 1, last;
  bool good = argc >= 2 && argc <= 4 && parse_number(argv[argc - 1], &last);
  if (good && argc > 2) good = parse_number(argv[1], &first);
  if (good && argc > 3) good = parse_number(argv[2], &step);
  if (!good || step == 0) die("usage: seq [FIRST [STEP]] LAST");
  for (long i = first; step > 0 ? i <= last : i >= last; i += step) print("%ld\n", i);
  return 0;
}
