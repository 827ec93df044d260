/*
 * The tools of the multi-call program: one function each, with main's arguments and result.
 *
 * The shell links echo, printf, test, true, false and kill as builtins; so those must return and not end the program, and
 * must not keep state between calls.
 */
#pragma once
#include "../runtime/runtime.h"

#define TOOLS(X)                                                                                                      \
  X(basename) X(cat) X(chmod) X(cp) X(date) X(dirname) X(echo) X(env) X(false) X(grep) X(head) X(insmod) X(kill)      \
  X(ln) X(ls) X(lsmod) X(mkdir) X(modprobe) X(mv) X(nice) X(printf) X(ps) X(pwd) X(rm) X(rmdir) X(rmmod) X(seq)       \
  X(sleep) X(sort) X(stat) X(tail) X(tee) X(test) X(touch) X(true) X(uname) X(wc)

#define DECLARE(name) int tool_##name(int argc, char **argv);
TOOLS(DECLARE)
#undef DECLARE

/* options.c: letters from argv[1] on; the letters in `valued` take the next argument. */
struct options {
  bool on[128];
  const char *value[128];
  int first; /* index of the first operand */
};
bool parse_options(int argc, char **argv, const char *letters, const char *valued, struct options *to);
/* Says what is wrong with a file; always 1, the status to return. */
int file_error(const char *path, long error);
/* What a file argument names: "-" is stdin. A negative errno after a complaint. */
int open_input(const char *path);

/* modes.c */
void mode_text(uint32_t mode, char text[11]);
bool is_folder(const char *path);
/* `to`, or to/NAME-OF-FROM when that is a folder; to be released. */
char *target_path(const char *from, const char *to);

/* regex.c: basic syntax, extended with `extended`; no groups */
struct regex;
struct regex *regex_new(const char *pattern, bool extended, bool fixed, bool fold);
bool regex_search(const struct regex *regex, const char *line, size_t *start, size_t *length);

/* calendar.c */
struct moment {
  int year, month, day, hour, minute, second, weekday, yearday;
};
struct moment moment_of(int64_t seconds);
extern const char *const MONTHS[12];
extern const char *const WEEKDAYS[7];
