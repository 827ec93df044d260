/*
 * Patterns: * ? [a-z] [!a-z] [[:class:]], with a backslash before a byte that stands for itself; and file names by them.
 */
#include "shell.h"

static bool in_class(const char *name, size_t length, unsigned char c) {
  static const struct {
    const char *name;
    const char *ranges;
  } CLASSES[] = {{"alpha", "AZaz"}, {"digit", "09"},   {"alnum", "09AZaz"},       {"upper", "AZ"},
                 {"lower", "az"},   {"space", "\t\r  "}, {"punct", "!/:@[`{~"}, {"xdigit", "09AFaf"}};
  for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
    if (strlen(CLASSES[i].name) != length || strncmp(CLASSES[i].name, name, length) != 0) continue;
    for (const char *r = CLASSES[i].ranges; *r; r += 2) {
      if (c >= (unsigned char)r[0] && c <= (unsigned char)r[1]) return true;
    }
  }
  return false;
}

/* After "[": moves *at behind the closing bracket; without one, the bracket stands for itself and *at stays. */
static bool match_set(const char **at, unsigned char c) {
  const char *p = *at;
  bool negate = *p == '!' || *p == '^';
  if (negate) p++;
  bool found = false;
  for (bool first = true; first || *p != ']'; first = false) {
    if (!*p) return c == '[';
    if (p[0] == '[' && p[1] == ':') {
      const char *end = p + 2;
      while (*end && *end != ':') end++;
      if (end[0] && end[1] == ']') {
        found = found || in_class(p + 2, (size_t)(end - p - 2), c);
        p = end + 2;
        continue;
      }
    }
    if (*p == '\\' && p[1]) p++;
    unsigned char low = (unsigned char)*p++, high = low;
    if (p[0] == '-' && p[1] && p[1] != ']') {
      p++;
      if (*p == '\\' && p[1]) p++;
      high = (unsigned char)*p++;
    }
    if (c >= low && c <= high) found = true;
  }
  *at = p + 1;
  return found != negate;
}

bool match(const char *p, const char *s) {
  const char *star = NULL, *retry = NULL;
  for (;;) {
    const char *next = p;
    bool fits;
    if (*p == '*') {
      star = ++p;
      retry = s;
      continue;
    }
    if (!*p) {
      fits = !*s;
      if (fits) return true;
    } else if (!*s) {
      fits = false;
    } else if (*p == '?') {
      fits = true;
      next = p + 1;
    } else if (*p == '[') {
      next = p + 1;
      fits = match_set(&next, (unsigned char)*s);
    } else {
      if (*p == '\\' && p[1]) p++;
      fits = *p == *s;
      next = p + 1;
    }
    if (fits) {
      p = next;
      s++;
    } else {
      /* Only the last star needs another try: an earlier one could not match more than it has. */
      if (!star || !*retry) return false;
      p = star;
      s = ++retry;
    }
  }
}

static void unescape(struct text *to, const char *from, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (from[i] == '\\' && i + 1 < length) i++;
    text_char(to, from[i]);
  }
}

static bool has_magic(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (pattern[i] == '\\') i++;
    else if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[') return true;
  }
  return false;
}

/* `path` is what is settled; `pattern` what is left, after any slashes. */
static void glob_from(struct text *path, const char *pattern, void (*found)(const char *)) {
  size_t settled = path->length;
  const char *end = pattern;
  while (*end && *end != '/') end++;
  const char *rest = end;
  while (*rest == '/') rest++;
  if (!has_magic(pattern, (size_t)(end - pattern))) {
    unescape(path, pattern, (size_t)(end - pattern));
    text_add(path, end, (size_t)(rest - end));
    struct stat stat;
    if (*rest) glob_from(path, rest, found);
    else if (sys_stat(path->at, &stat, AT_SYMLINK_NOFOLLOW) == 0) found(path->at);
  } else {
    char *part = arena_copy(&scratch, pattern, (size_t)(end - pattern));
    long error;
    char **names = list_folder(settled ? path->at : ".", &error);
    for (char **name = names; name && *name; name++) {
      /* A leading dot is matched by a dot only. */
      if (**name == '.' && *part != '.' && strncmp(part, "\\.", 2) != 0) continue;
      if (!match(part, *name)) continue;
      path->length = settled;
      text_add(path, *name, strlen(*name));
      if (*end) {
        struct stat stat;
        if (sys_stat(path->at, &stat, 0) != 0 || (stat.mode & S_IFMT) != S_IFDIR) continue;
        text_add(path, end, (size_t)(rest - end));
      }
      if (*rest) glob_from(path, rest, found);
      else found(path->at);
    }
    release_list(names);
  }
  path->length = settled;
  path->at[settled] = 0;
}

/* The names come sorted within each folder. */
void glob(const char *pattern, void (*found)(const char *path)) {
  struct text path = {0};
  text_add(&path, "", 0);
  size_t slashes = 0;
  while (pattern[slashes] == '/') slashes++;
  text_add(&path, pattern, slashes);
  glob_from(&path, pattern + slashes, found);
  release(path.at);
}
