/*
 * Words to bytes with a mark each: quoted, literal, or the result of an expansion.
 *
 * The marks carry what the later steps need: only results are split at IFS, and only unquoted bytes are patterns. Two
 * marks stand for no byte: EMPTY (a field exists here even if nothing is in it) and BREAK (a field ends, as in "$@").
 */
#include "shell.h"

void add_bytes(struct expansion *to, const char *s, size_t length, char mark) {
  text_add(&to->bytes, s, length);
  for (size_t i = 0; i < length; i++) text_char(&to->marks, mark);
}

void expansion_error(const char *format, ...) {
  struct text text = {0};
  va_list arguments;
  va_start(arguments, format);
  text_format(&text, format, arguments);
  va_end(arguments);
  complain("%s", text.at);
  release(text.at);
  shell.status = 2;
  if (!shell.interactive || shell.subshell) shell_exit(2);
  shell.jump = JUMP_TOP;
}

static const char *expand_backquote(struct expansion *to, const char *at, bool quoted) {
  struct text command = {0};
  text_add(&command, "", 0);
  for (; *at && *at != '`'; at++) {
    if (*at == '\\' && at[1] && (strchr("$`\\", at[1]) || (quoted && at[1] == '"'))) at++;
    text_char(&command, *at);
  }
  const char *result = run_substitution(command.at, command.length);
  release(command.at);
  add_bytes(to, result, strlen(result), quoted ? QUOTED : RESULT);
  return *at ? at + 1 : at;
}

/* "~" and "~/..." at the start of a word; users have no other homes here. */
static const char *expand_tilde(struct expansion *to, const char *at) {
  const char *home = get_variable("HOME");
  if (at[0] != '~' || (at[1] && at[1] != '/' && at[1] != ':') || !home) return at;
  add_bytes(to, home, strlen(home), QUOTED);
  return at + 1;
}

void expand_raw(struct expansion *to, const char *raw, const char *end, bool quoted, char literal) {
  bool inside = quoted; /* within double quotes */
  const char *at = inside ? raw : expand_tilde(to, raw);
  while (at != end && *at && shell.jump != JUMP_TOP) {
    char c = *at;
    if (c == '\'' && !inside) {
      const char *close = strchr(at + 1, '\'');
      if (!close) close = at + strlen(at);
      add_bytes(to, "", 1, EMPTY);
      add_bytes(to, at + 1, (size_t)(close - at - 1), QUOTED);
      at = *close ? close + 1 : close;
    } else if (c == '"' && literal != QUOTED) {
      /* "$@" without parameters is no field at all; every other pair of quotes makes one. */
      bool none = shell.argc == 0 && strncmp(at, "\"$@\"", 4) == 0;
      if (!inside && !none) add_bytes(to, "", 1, EMPTY);
      inside = !inside;
      at++;
    } else if (c == '\\') {
      bool special = !inside || (at[1] && strchr(literal == QUOTED ? "$`\\" : "$`\"\\", at[1])) ||
                     (quoted && literal != QUOTED && at[1] == '}');
      if (!at[1] || !special) add_bytes(to, at, 1, inside ? QUOTED : literal);
      else add_bytes(to, ++at, 1, QUOTED);
      at++;
    } else if (c == '$') {
      at = expand_parameter(to, at + 1, inside, literal);
    } else if (c == '`') {
      at = expand_backquote(to, at + 1, inside);
    } else {
      add_bytes(to, at, 1, inside ? QUOTED : literal);
      at++;
    }
  }
}

static char *plain_bytes(struct expansion *from) {
  char *result = arena_take(&scratch, from->bytes.length + 1), *to = result;
  for (size_t i = 0; i < from->bytes.length; i++) {
    if (from->marks.at[i] == BREAK) *to++ = ' ';
    else if (from->marks.at[i] != EMPTY) *to++ = from->bytes.at[i];
  }
  release(from->bytes.at);
  release(from->marks.at);
  return result;
}

char *expand_single(const char *raw) {
  struct expansion expansion = {0};
  expand_raw(&expansion, raw, NULL, false, LITERAL);
  return plain_bytes(&expansion);
}

/* Here-documents, prompts and arithmetic: as within double quotes, but a double quote is a plain byte. */
char *expand_here(const char *text) {
  struct expansion expansion = {0};
  expand_raw(&expansion, text, NULL, true, QUOTED);
  return plain_bytes(&expansion);
}

char *pattern_of(const struct expansion *from, size_t start, size_t end) {
  char *pattern = arena_take(&scratch, (end - start) * 2 + 1), *to = pattern;
  for (size_t i = start; i < end; i++) {
    char mark = from->marks.at[i];
    if (mark == EMPTY || mark == BREAK) continue;
    /* A backslash that an expansion gave is an ordinary byte of the pattern. */
    if (mark == QUOTED || from->bytes.at[i] == '\\') *to++ = '\\';
    *to++ = from->bytes.at[i];
  }
  return pattern;
}

char *expand_pattern(const char *raw) {
  struct expansion expansion = {0};
  expand_raw(&expansion, raw, NULL, false, LITERAL);
  char *pattern = pattern_of(&expansion, 0, expansion.bytes.length);
  release(expansion.bytes.at);
  release(expansion.marks.at);
  return pattern;
}
