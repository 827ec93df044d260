/*
 * What follows a "$": parameters with their operators, command substitution, arithmetic.
 */
#include "shell.h"

static void add_result(struct expansion *to, const char *s, bool quoted) {
  add_bytes(to, s, strlen(s), quoted ? QUOTED : RESULT);
}

char *number_text(long value) {
  struct text text = {0};
  bool negative = value < 0;
  unsigned long rest = negative ? -(unsigned long)value : (unsigned long)value;
  char digits[24], *at = digits + sizeof digits;
  do *--at = (char)('0' + rest % 10);
  while (rest /= 10);
  if (negative) *--at = '-';
  text_add(&text, at, (size_t)(digits + sizeof digits - at));
  char *copy = arena_copy(&scratch, text.at, text.length);
  release(text.at);
  return copy;
}

static void add_all(struct expansion *to, char kind, bool quoted) {
  const char *ifs = get_variable("IFS");
  for (int i = 0; i < shell.argc; i++) {
    if (i > 0) {
      if (kind == '*' && quoted) add_bytes(to, ifs ? ifs : " ", ifs ? *ifs != 0 : 1, QUOTED);
      else add_bytes(to, "", 1, BREAK);
    }
    if (quoted && kind == '@') add_bytes(to, "", 1, EMPTY);
    add_result(to, shell.argv[i], quoted);
  }
}

/* The value of a name, number or special parameter; null if unset. "@" and "*" are joined by spaces here. */
static const char *value_of(const char *name) {
  static char flags[8];
  if (is_alpha(*name) || *name == '_') return get_variable(name);
  if (is_digit(*name)) {
    long index;
    if (!parse_number(name, &index)) return NULL;
    if (index == 0) return shell.name;
    return index <= shell.argc ? shell.argv[index - 1] : NULL;
  }
  switch (*name) {
    case '?': return number_text(shell.status);
    case '$': return number_text(shell.pid);
    case '#': return number_text(shell.argc);
    case '!': return shell.last_background ? number_text(shell.last_background) : NULL;
    case '-': {
      char *at = flags;
      if (shell.exit_on_error) *at++ = 'e';
      if (shell.no_glob) *at++ = 'f';
      if (shell.interactive) *at++ = 'i';
      if (shell.no_unset) *at++ = 'u';
      if (shell.trace) *at++ = 'x';
      *at = 0;
      return flags;
    }
    default: {
      if (shell.argc == 0) return NULL;
      struct text text = {0};
      for (int i = 0; i < shell.argc; i++) {
        if (i > 0) text_char(&text, ' ');
        text_add(&text, shell.argv[i], strlen(shell.argv[i]));
      }
      const char *joined = arena_copy(&scratch, text.at, text.length);
      release(text.at);
      return joined;
    }
  }
}

static void add_value(struct expansion *to, const char *name, const char *value, bool quoted) {
  if ((*name == '@' || *name == '*') && !name[1]) return add_all(to, *name, quoted);
  if (!value && shell.no_unset) return expansion_error("%s: parameter not set", name);
  add_result(to, value ? value : "", quoted);
}

/* ${x#p} ${x##p} ${x%p} ${x%%p}: the shortest or longest part at one end that matches goes. */
static const char *trimmed(const char *value, const char *pattern, bool front, bool longest) {
  size_t length = strlen(value);
  char *copy = arena_copy(&scratch, value, length);
  for (size_t i = 0; i <= length; i++) {
    size_t part = longest ? length - i : i;
    if (front) {
      char kept = copy[part];
      copy[part] = 0;
      bool fits = match(pattern, copy);
      copy[part] = kept;
      if (fits) return copy + part;
    } else if (match(pattern, copy + length - part)) {
      copy[length - part] = 0;
      return copy;
    }
  }
  return copy;
}

static size_t name_length(const char *at) {
  size_t length = 0;
  if (is_alpha(*at) || *at == '_') {
    while (is_alpha(at[length]) || is_digit(at[length]) || at[length] == '_') length++;
    return length;
  }
  if (is_digit(*at)) {
    while (is_digit(at[length])) length++;
    return length;
  }
  return *at && strchr("@*#?-$!", *at) ? 1 : 0;
}

static void expand_braces(struct expansion *to, const char *at, const char *end, bool quoted, char literal) {
  if (*at == '#' && at + 1 < end && name_length(at + 1) > 0 && at + 1 + name_length(at + 1) == end) {
    const char *name = arena_copy(&scratch, at + 1, (size_t)(end - at - 1));
    const char *value = value_of(name);
    return add_result(to, number_text((long)(value ? strlen(value) : 0)), quoted);
  }
  size_t length = name_length(at);
  const char *name = arena_copy(&scratch, at, length);
  const char *value = length ? value_of(name) : NULL;
  at += length;
  if (length && at == end) return add_value(to, name, value, quoted);
  bool colon = *at == ':';
  char operator = colon ? at[1] : *at;
  if (!length || !operator || !strchr(colon ? "-=?+" : "-=?+#%", operator)) return expansion_error("bad substitution");
  const char *rest = at + (colon ? 2 : 1);
  char *word = arena_copy(&scratch, rest, (size_t)(end - rest));
  if (operator == '#' || operator == '%') {
    bool longest = *word == operator;
    if (!value && shell.no_unset) return expansion_error("%s: parameter not set", name);
    if (value) add_result(to, trimmed(value, expand_pattern(word + longest), operator == '#', longest), quoted);
    return;
  }
  bool set = value && (!colon || *value);
  if (operator == '+') {
    if (set) expand_raw(to, word, NULL, quoted, literal == QUOTED ? QUOTED : RESULT);
  } else if (set) {
    add_value(to, name, value, quoted);
  } else if (operator == '-') {
    expand_raw(to, word, NULL, quoted, literal == QUOTED ? QUOTED : RESULT);
  } else if (operator == '=') {
    const char *fresh = expand_single(word);
    if (!is_name(name, length)) return expansion_error("%s: bad variable name", name);
    set_variable(name, fresh);
    add_result(to, fresh, quoted);
  } else {
    const char *message = expand_single(word);
    expansion_error("%s: %s", name, *message ? message : colon ? "parameter null or not set" : "parameter not set");
  }
}

/* `at` is behind the "$"; returns what is behind the expansion. */
const char *expand_parameter(struct expansion *to, const char *at, bool quoted, char literal) {
  if (*at == '(' && at[1] == '(') {
    const char *end = end_of_arithmetic(at + 2);
    size_t length = (size_t)(end - at) >= 4 ? (size_t)(end - at - 4) : 0;
    char *text = expand_here(arena_copy(&scratch, at + 2, length));
    add_result(to, number_text(arithmetic(text)), quoted);
    return end;
  }
  if (*at == '(') {
    const char *end = end_of_command(at + 1);
    add_result(to, run_substitution(at + 1, (size_t)(end - at - 2)), quoted);
    return end;
  }
  if (*at == '{') {
    const char *end = end_of_braces(at + 1, quoted);
    expand_braces(to, at + 1, end - 1, quoted, literal);
    return end;
  }
  size_t length = is_digit(*at) ? 1 : name_length(at);
  if (length == 0) {
    add_bytes(to, "$", 1, quoted ? QUOTED : literal);
    return at;
  }
  const char *name = arena_copy(&scratch, at, length);
  add_value(to, name, value_of(name), quoted);
  return at + length;
}
