/*
 * $(( )): 64-bit signed integers, C's operators, variables with and without "$", assignments.
 */
#include "shell.h"

static const char *at;
static bool failed;

static const struct {
  const char *text;
  int level;
} OPERATORS[] = {{"||", 1}, {"&&", 2}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"==", 6}, {"!=", 6}, {"<", 7},
                 {">", 7},  {"|", 3},  {"^", 4},  {"&", 5},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10}};

static long ternary(bool live);

static void fail(const char *what) {
  if (!failed) expansion_error("arithmetic: %s", what);
  failed = true;
}

static void skip(void) {
  while (is_space(*at)) at++;
}

static long number(void) {
  long value = 0, base = 10;
  if (*at == '0') {
    at++;
    base = 8;
    if ((*at | 32) == 'x') {
      base = 16;
      at++;
    }
  }
  for (;; at++) {
    int c = *at | 32;
    int digit = is_digit(*at) ? *at - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
    if (digit >= base) break;
    value = (long)((unsigned long)value * (unsigned long)base + (unsigned long)digit);
  }
  if (is_alpha(*at) || is_digit(*at)) fail("bad number");
  return value;
}

static long apply(char first, char second, long a, long b) {
  unsigned long x = (unsigned long)a, y = (unsigned long)b;
  switch (first) {
    case '+': return (long)(x + y);
    case '-': return (long)(x - y);
    case '*': return (long)(x * y);
    case '/':
    case '%':
      if (b == 0) {
        fail("division by zero");
        return 0;
      }
      if (b == -1) return first == '/' ? (long)-x : 0;
      return first == '/' ? a / b : a % b;
    case '<': return second == '<' ? (long)(x << (y & 63)) : second == '=' ? a <= b : a < b;
    case '>': return second == '>' ? a >> (y & 63) : second == '=' ? a >= b : a > b;
    case '=': return a == b;
    case '!': return a != b;
    case '&': return a & b;
    case '|': return a | b;
    default: return a ^ b;
  }
}

static long variable_value(const char *name, size_t length) {
  const char *value = get_variable(arena_copy(&scratch, name, length));
  long result = 0;
  if (!value || !*value) return 0;
  const char *outer = at;
  at = value;
  bool negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  if (is_digit(*at)) result = number();
  skip();
  if (*at) fail("a variable is not a number");
  at = outer;
  return negative ? -result : result;
}

static long name_or_assignment(bool live) {
  const char *name = at;
  while (is_alpha(*at) || is_digit(*at) || *at == '_') at++;
  size_t length = (size_t)(at - name);
  skip();
  const char *operator = at;
  size_t size = strchr("+-*/%&|^", *at) && *at ? 1 : (at[0] == '<' && at[1] == '<') || (at[0] == '>' && at[1] == '>') ? 2 : 0;
  if (at[size] != '=' || (size == 0 && at[1] == '=')) return variable_value(name, length);
  at += size + 1;
  long value = ternary(live);
  if (!live || failed) return value;
  if (size) value = apply(operator[0], size == 2 ? operator[1] : 0, variable_value(name, length), value);
  set_variable(arena_copy(&scratch, name, length), number_text(value));
  return value;
}

static long unary(bool live) {
  skip();
  char c = *at;
  if (c == '-' || c == '+' || c == '~' || (c == '!' && at[1] != '=')) {
    at++;
    long value = unary(live);
    return c == '-' ? (long)-(unsigned long)value : c == '~' ? ~value : c == '!' ? !value : value;
  }
  if (c == '(') {
    at++;
    long value = ternary(live);
    skip();
    if (*at == ')') at++;
    else fail("missing ')'");
    return value;
  }
  if (is_digit(c)) return number();
  if (is_alpha(c) || c == '_') return name_or_assignment(live);
  fail("expected a value");
  return 0;
}

/* Precedence climbing; `live` is false in the branch that && || ?: do not take, where nothing may be assigned. */
static long binary(int level, bool live) {
  long left = unary(live);
  for (;;) {
    skip();
    size_t i = 0, count = sizeof OPERATORS / sizeof *OPERATORS;
    while (i < count && strncmp(at, OPERATORS[i].text, strlen(OPERATORS[i].text)) != 0) i++;
    if (i == count || OPERATORS[i].level < level || failed) return left;
    const char *operator = OPERATORS[i].text;
    at += strlen(operator);
    if (OPERATORS[i].level == 1) {
      long right = binary(2, live && !left);
      left = left || right;
    } else if (OPERATORS[i].level == 2) {
      long right = binary(3, live && left);
      left = left && right;
    } else {
      long right = binary(OPERATORS[i].level + 1, live);
      if (live) left = apply(operator[0], operator[1], left, right);
    }
  }
}

static long ternary(bool live) {
  long condition = binary(1, live);
  skip();
  if (*at != '?') return condition;
  at++;
  long yes = ternary(live && condition);
  skip();
  if (*at != ':') fail("missing ':'");
  else at++;
  long no = ternary(live && !condition);
  return condition ? yes : no;
}

long arithmetic(const char *text) {
  at = text;
  failed = false;
  skip();
  if (!*at) return 0;
  long value = ternary(true);
  skip();
  if (*at) fail("unexpected text");
  return value;
}
