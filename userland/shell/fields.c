/*
 * Expanded words to fields: splitting at IFS, then file names for patterns.
 */
#include "shell.h"

static char **list;
static size_t list_length, list_room;

static void add_field(const char *s) {
  if (list_length + 1 >= list_room) {
    size_t room = list_room ? list_room * 2 : 16;
    char **bigger = arena_take(&scratch, room * sizeof *bigger);
    if (list) memcpy(bigger, list, list_length * sizeof *list);
    list = bigger;
    list_room = room;
  }
  list[list_length++] = arena_copy(&scratch, s, strlen(s));
}

static void finish_field(const struct expansion *from, size_t start, size_t end) {
  bool magic = false;
  char *plain = arena_take(&scratch, end - start + 1), *to = plain;
  for (size_t i = start; i < end; i++) {
    char mark = from->marks.at[i], c = from->bytes.at[i];
    if (mark == EMPTY || mark == BREAK) continue;
    if (mark != QUOTED && (c == '*' || c == '?' || c == '[')) magic = true;
    *to++ = c;
  }
  size_t before = list_length;
  if (magic && !shell.no_glob) glob(pattern_of(from, start, end), add_field);
  /* A pattern that matches nothing stays as it is. */
  if (list_length == before) add_field(plain);
}

/*
 * The rules of POSIX 2.6.5: IFS white space around a field is dropped, any other IFS byte ends one field each, with the
 * white space beside it.
 */
static void split(const struct expansion *from) {
  const char *ifs = get_variable("IFS");
  if (!ifs) ifs = " \t\n";
  bool in_field = false, after_space = false;
  size_t start = 0;
  for (size_t i = 0; i < from->bytes.length; i++) {
    char mark = from->marks.at[i], c = from->bytes.at[i];
    bool separator = mark == RESULT && c && strchr(ifs, c);
    if (mark == BREAK || (separator && is_space(c))) {
      if (in_field) finish_field(from, start, i);
      after_space = mark != BREAK && (in_field || after_space);
      in_field = false;
    } else if (separator) {
      if (in_field) finish_field(from, start, i);
      else if (!after_space) add_field("");
      in_field = after_space = false;
    } else {
      if (!in_field) start = i;
      in_field = true;
      after_space = false;
    }
  }
  if (in_field) finish_field(from, start, from->bytes.length);
}

char **expand_words(struct word *words, int *count) {
  /* A substitution runs in a child, and `eval` comes after; so this is never entered twice at once. */
  list = NULL;
  list_length = list_room = 0;
  for (; words && shell.jump != JUMP_TOP; words = words->next) {
    struct expansion expansion = {0};
    expand_raw(&expansion, words->raw, NULL, false, LITERAL);
    split(&expansion);
    release(expansion.bytes.at);
    release(expansion.marks.at);
  }
  *count = (int)list_length;
  if (!list) list = arena_take(&scratch, sizeof *list);
  list[list_length] = NULL;
  return list;
}

/* For `read`: at most `most` fields, the last with all the rest of the line. A backslash takes the next byte as it is. */
char **split_fields(const char *line, int most, bool backslash, int *count) {
  const char *ifs = get_variable("IFS");
  if (!ifs) ifs = " \t\n";
  char **fields = arena_take(&scratch, ((size_t)most + 1) * sizeof *fields);
  *count = 0;
  const char *at = line;
  while (*at && is_space(*at) && strchr(ifs, *at)) at++;
  while (*at && *count < most) {
    bool last = *count == most - 1;
    struct text field = {0};
    size_t kept = 0; /* length without trailing white space */
    text_add(&field, "", 0);
    while (*at && (last || !strchr(ifs, *at))) {
      bool space = is_space(*at) && strchr(ifs, *at);
      if (backslash && *at == '\\' && at[1]) {
        at++;
        space = false;
      }
      text_char(&field, *at++);
      if (!space) kept = field.length;
    }
    fields[(*count)++] = arena_copy(&scratch, field.at, last ? kept : field.length);
    release(field.at);
    while (*at && is_space(*at) && strchr(ifs, *at)) at++;
    if (*at && strchr(ifs, *at) && !is_space(*at)) {
      at++;
      while (*at && is_space(*at) && strchr(ifs, *at)) at++;
    }
  }
  return fields;
}
