/*
 * printf FORMAT [ARGUMENT...]: %d %i %u %x %X %o %c %s %b %%, with flags, width and precision; escapes in the format.
 *
 * The format is used again while arguments are left.
 */
#include "toolbox.h"

/* One escape behind a backslash; returns what is behind it. -1 in *out for \c: stop all output. */
static const char *escape(const char *at, bool leading_zero, int *out) {
  static const char NAMES[] = "abfnrtv\\\"'", VALUES[] = "\a\b\f\n\r\t\v\\\"'";
  const char *name = *at ? strchr(NAMES, *at) : NULL;
  if (name) {
    *out = VALUES[name - NAMES];
    return at + 1;
  }
  if (*at == 'c') {
    *out = -1;
    return at + 1;
  }
  if (*at >= '0' && *at <= '7') {
    int value = 0;
    if (leading_zero && *at == '0') at++;
    for (int i = 0; i < 3 && *at >= '0' && *at <= '7'; i++) value = value * 8 + (*at++ - '0');
    *out = value & 255;
    return at;
  }
  *out = '\\';
  return at;
}

static bool number_of(const char *s, long *to) {
  if (*s == '\'' || *s == '"') {
    *to = (unsigned char)s[1];
    return true;
  }
  if (s[0] == '0' && (s[1] | 32) == 'x') {
    for (*to = 0, s += 2; *s; s++) {
      int c = *s | 32;
      int digit = is_digit(*s) ? *s - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return false;
      *to = *to * 16 + digit;
    }
    return true;
  }
  if (s[0] == '0' && s[1]) return parse_octal(s, to);
  return !*s ? (*to = 0, true) : parse_number(s, to);
}

struct state {
  char **arguments;
  bool stop, failed;
};

static const char *next(struct state *state) { return *state->arguments ? *state->arguments++ : ""; }

static void print_escaped(struct state *state, const char *s) {
  while (*s && !state->stop) {
    int c = (unsigned char)*s++;
    if (c == '\\') s = escape(s, true, &c);
    if (c < 0) state->stop = true;
    else print("%c", c);
  }
}

static void padded(const char *s, size_t length, bool left, int width) {
  int pad = width - (int)length;
  if (!left && pad > 0) print("%*s", pad, "");
  print_bytes(s, length);
  if (left && pad > 0) print("%*s", pad, "");
}

static const char *conversion(struct state *state, const char *at) {
  bool left = false, zero = false, plus = false, blank = false, alternate = false;
  for (;; at++) {
    if (*at == '-') left = true;
    else if (*at == '0') zero = true;
    else if (*at == '+') plus = true;
    else if (*at == ' ') blank = true;
    else if (*at == '#') alternate = true;
    else break;
  }
  int numbers[2] = {0, -1};
  for (int i = 0; i < 2; i++) {
    if (i == 1 && *at != '.') break;
    if (i == 1) {
      at++;
      numbers[1] = 0;
    }
    if (*at == '*') {
      long value = 0;
      parse_number(next(state), &value);
      numbers[i] = (int)value;
      at++;
    }
    while (is_digit(*at)) numbers[i] = numbers[i] * 10 + (*at++ - '0');
  }
  int width = numbers[0], precision = numbers[1];
  if (width < 0) {
    left = true;
    width = -width;
  }
  if (*at == 'c' || *at == 's' || *at == 'b') {
    const char *s = next(state);
    if (*at == 'b') {
      print_escaped(state, s);
      return at + 1;
    }
    size_t length = strlen(s), most = *at == 'c' ? 1 : precision >= 0 ? (size_t)precision : length;
    padded(s, length < most ? length : most, left, width);
    return at + 1;
  }
  if (!*at || !strchr("diuxXo", *at)) {
    complain("printf: bad conversion: %%%c", *at ? *at : ' ');
    state->failed = state->stop = true;
    return at;
  }
  const char *s = next(state);
  long value = 0;
  if (!number_of(s, &value)) {
    complain("printf: %s: not a number", s);
    state->failed = true;
    value = 0;
  }
  bool is_signed = *at == 'd' || *at == 'i', negative = is_signed && value < 0;
  unsigned long rest = negative ? -(unsigned long)value : (unsigned long)value;
  unsigned base = *at == 'o' ? 8 : (*at | 32) == 'x' ? 16 : 10;
  char buffer[160], *end = buffer + sizeof buffer, *digit = end;
  bool any = rest != 0;
  for (int least = precision < 0 ? 1 : precision > 100 ? 100 : precision; rest || least > 0; rest /= base, least--) {
    *--digit = (*at == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base];
  }
  const char *prefix = negative ? "-" : is_signed && plus ? "+" : is_signed && blank ? " " : "";
  if (alternate && any && base != 10) prefix = base == 8 ? "0" : *at == 'X' ? "0X" : "0x";
  int length = (int)(end - digit) + (int)strlen(prefix);
  bool zeros = zero && !left && precision < 0;
  if (!left && !zeros && width > length) print("%*s", width - length, "");
  print("%s", prefix);
  for (int pad = width - length; zeros && pad > 0; pad--) print_bytes("0", 1);
  print_bytes(digit, (size_t)(end - digit));
  if (left && width > length) print("%*s", width - length, "");
  return at + 1;
}

int tool_printf(int argc, char **argv) {
  if (argc > 1 && same(argv[1], "--")) {
    argc--;
    argv++;
  }
  if (argc < 2) {
    complain("usage: printf FORMAT [ARGUMENT...]");
    return 2;
  }
  struct state state = {argv + 2, false, false};
  char **before;
  do {
    before = state.arguments;
    for (const char *at = argv[1]; *at && !state.stop;) {
      if (*at == '%' && at[1] == '%') {
        print_bytes("%", 1);
        at += 2;
      } else if (*at == '%') {
        at = conversion(&state, at + 1);
      } else if (*at == '\\') {
        int c;
        at = escape(at + 1, false, &c);
        if (c < 0) state.stop = true;
        else print("%c", c);
      } else {
        print_bytes(at++, 1);
      }
    }
  } while (*state.arguments && state.arguments != before && !state.stop);
  return state.failed;
}
