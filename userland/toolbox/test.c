/*
 * test and [: conditions with !, -a, -o and parentheses.
 *
 * With up to four operands POSIX gives the meaning by their number, so that `test "$a" = "$b"` is safe whatever the values;
 * the recursive grammar is for what is longer.
 */
#include "toolbox.h"

struct parse {
  char **argv;
  int at, count;
  bool failed;
};

static bool fail(struct parse *p, const char *what, const char *where) {
  if (!p->failed) complain("test: %s%s%s", what, *where ? ": " : "", where);
  p->failed = true;
  return false;
}

static bool unary(struct parse *p, char letter, const char *operand) {
  struct stat stat;
  long fd;
  switch (letter) {
    case 'n': return *operand != 0;
    case 'z': return *operand == 0;
    case 'r': return sys_access(operand, 4) == 0;
    case 'w': return sys_access(operand, 2) == 0;
    case 'x': return sys_access(operand, 1) == 0;
    case 't': {
      unsigned char settings[64];
      if (!parse_number(operand, &fd)) return fail(p, "not a number", operand);
      return sys_ioctl((int)fd, TCGETS, settings) == 0;
    }
  }
  bool link = letter == 'h' || letter == 'L';
  if (sys_stat(operand, &stat, link ? AT_SYMLINK_NOFOLLOW : 0) != 0) return false;
  uint32_t kind = stat.mode & S_IFMT;
  switch (letter) {
    case 'e': return true;
    case 's': return stat.size > 0;
    case 'f': return kind == S_IFREG;
    case 'd': return kind == S_IFDIR;
    case 'p': return kind == S_IFIFO;
    case 'c': return kind == S_IFCHR;
    case 'b': return kind == S_IFBLK;
    case 'S': return kind == S_IFSOCK;
    case 'u': return stat.mode & 04000;
    case 'g': return stat.mode & 02000;
    default: return kind == S_IFLNK;
  }
}

static bool is_unary(const char *s) { return s[0] == '-' && s[1] && !s[2] && strchr("nzrwxtesfdpcbSughL", s[1]); }

static bool is_binary(const char *s) {
  static const char *const ALL[] = {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};
  for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++) {
    if (same(s, ALL[i])) return true;
  }
  return false;
}

static bool compare_files(const char *a, char first, const char *b) {
  struct stat x, y;
  bool have_x = sys_stat(a, &x, 0) == 0, have_y = sys_stat(b, &y, 0) == 0;
  if (first == 'e') return have_x && have_y && x.device == y.device && x.inode == y.inode;
  if (!have_x || !have_y) return first == 'n' ? have_x && !have_y : have_y && !have_x;
  int64_t order = x.modified.seconds - y.modified.seconds;
  if (order == 0) order = x.modified.nanoseconds - y.modified.nanoseconds;
  return first == 'n' ? order > 0 : order < 0;
}

static bool binary(struct parse *p, const char *a, const char *operator, const char *b) {
  if (operator[0] != '-') {
    int order = strcmp(a, b);
    return *operator == '=' ? order == 0 : *operator == '!' ? order != 0 : *operator == '<' ? order < 0 : order > 0;
  }
  if (same(operator, "-nt") || same(operator, "-ot") || same(operator, "-ef")) return compare_files(a, operator[1], b);
  long x, y;
  while (is_space(*a)) a++;
  while (is_space(*b)) b++;
  if (!parse_number(a, &x)) return fail(p, "not a number", a);
  if (!parse_number(b, &y)) return fail(p, "not a number", b);
  switch (operator[1] << 8 | operator[2]) {
    case 'e' << 8 | 'q': return x == y;
    case 'n' << 8 | 'e': return x != y;
    case 'l' << 8 | 't': return x < y;
    case 'l' << 8 | 'e': return x <= y;
    case 'g' << 8 | 't': return x > y;
    default: return x >= y;
  }
}

static bool either(struct parse *p);

static bool primary(struct parse *p) {
  int left = p->count - p->at;
  char **a = p->argv + p->at;
  if (left <= 0) return fail(p, "argument expected", "");
  if (left >= 3 && is_binary(a[1])) {
    p->at += 3;
    return binary(p, a[0], a[1], a[2]);
  }
  if (same(a[0], "!") && left > 1) {
    p->at++;
    return !primary(p);
  }
  if (same(a[0], "(") && left > 1) {
    p->at++;
    bool value = either(p);
    if (p->at >= p->count || !same(p->argv[p->at], ")")) return fail(p, "missing )", "");
    p->at++;
    return value;
  }
  if (left >= 2 && is_unary(a[0])) {
    p->at += 2;
    return unary(p, a[0][1], a[1]);
  }
  p->at++;
  return *a[0] != 0;
}

static bool both(struct parse *p) {
  bool value = primary(p);
  while (p->at < p->count && same(p->argv[p->at], "-a")) {
    p->at++;
    bool right = primary(p);
    value = value && right;
  }
  return value;
}

static bool either(struct parse *p) {
  bool value = both(p);
  while (p->at < p->count && same(p->argv[p->at], "-o")) {
    p->at++;
    bool right = both(p);
    value = value || right;
  }
  return value;
}

int tool_test(int argc, char **argv) {
  struct parse p = {argv + 1, 0, argc - 1, false};
  if (same(argv[0], "[")) {
    if (argc < 2 || !same(argv[argc - 1], "]")) {
      complain("[: missing ]");
      return 2;
    }
    p.count--;
  }
  if (p.count == 0) return 1;
  bool value;
  if (p.count == 1) {
    value = *p.argv[0] != 0;
  } else {
    value = either(&p);
    if (!p.failed && p.at < p.count) fail(&p, "unexpected operand", p.argv[p.at]);
  }
  return p.failed ? 2 : !value;
}
