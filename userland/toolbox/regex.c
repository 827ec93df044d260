/*
 * Regular expressions without groups: . [set] ^ $ * and, as \+ \? \| or in extended syntax as + ? |.
 *
 * A pattern becomes a list of branches, each a list of items with how often they may come; matching is by backtracking,
 * the longest match at the leftmost place.
 */
#include "toolbox.h"

enum { ANY = 256, START, FINISH, SET };

struct item {
  int what;
  uint32_t set[8];
  int least, most; /* most -1: without limit */
};

struct branch {
  struct branch *next;
  struct item *items;
  size_t count;
};

struct regex {
  struct branch *branches;
  bool fold;
};

static void add_to_set(struct item *item, int c, bool fold) {
  item->set[c >> 5] |= 1U << (c & 31);
  if (fold && is_alpha(c)) item->set[(c ^ 32) >> 5] |= 1U << ((c ^ 32) & 31);
}

static const char *parse_set(const char *at, struct item *item, bool fold) {
  bool negate = *at == '^';
  if (negate) at++;
  item->what = SET;
  for (bool first = true; *at && (first || *at != ']'); first = false) {
    int low = (unsigned char)*at++, high = low;
    if (at[0] == '-' && at[1] && at[1] != ']') {
      high = (unsigned char)at[1];
      at += 2;
    }
    for (int c = low; c <= high; c++) add_to_set(item, c, fold);
  }
  if (!*at) die("missing ]");
  for (int i = 0; negate && i < 8; i++) item->set[i] = ~item->set[i];
  return at + 1;
}

static struct branch *new_branch(size_t room) {
  struct branch *branch = allocate(sizeof *branch);
  *branch = (struct branch){NULL, allocate((room + 1) * sizeof(struct item)), 0};
  return branch;
}

struct regex *regex_new(const char *pattern, bool extended, bool fixed, bool fold) {
  size_t room = strlen(pattern);
  struct regex *regex = allocate(sizeof *regex);
  struct branch *branch = new_branch(room);
  *regex = (struct regex){branch, fold};
  for (const char *at = pattern; *at;) {
    struct item *last = branch->count ? &branch->items[branch->count - 1] : NULL;
    bool escaped = *at == '\\' && at[1] && !fixed;
    char c = escaped ? at[1] : *at;
    bool repeatable = last && last->what != START && last->least == 1 && last->most == 1;
    bool operator = !fixed && (c == '*' ? !escaped : strchr("+?|", c) && escaped != extended);
    if (operator && c == '|') {
      branch = branch->next = new_branch(room);
      at += escaped ? 2 : 1;
      continue;
    }
    if (operator && repeatable) {
      last->least = c == '+';
      last->most = c == '?' ? 1 : -1;
      at += escaped ? 2 : 1;
      continue;
    }
    struct item *item = &branch->items[branch->count++];
    *item = (struct item){.what = (unsigned char)c, .least = 1, .most = 1};
    at += escaped ? 2 : 1;
    if (escaped || fixed) continue;
    if (c == '.') item->what = ANY;
    else if (c == '^' && branch->count == 1) item->what = START;
    else if (c == '$' && (!*at || *at == '|' || (at[0] == '\\' && at[1] == '|'))) item->what = FINISH;
    else if (c == '[') at = parse_set(at, item, fold);
    else if (extended && (c == '(' || c == ')' || c == '{')) die("groups and counts are not supported; use \\%c for the byte", c);
  }
  return regex;
}

static bool fits(const struct item *item, int c, bool fold) {
  if (item->what == ANY) return true;
  if (item->what == SET) return item->set[c >> 5] >> (c & 31) & 1;
  return item->what == c || (fold && to_lower(item->what) == to_lower(c));
}

/* The longest end of a match of items[i...] from `at`, or null. */
static const char *match_here(const struct regex *regex, const struct branch *branch, size_t i, const char *line,
                              const char *at) {
  for (; i < branch->count; i++) {
    const struct item *item = &branch->items[i];
    if (item->what == START || item->what == FINISH) {
      if (item->what == START ? at != line : *at != 0) return NULL;
      continue;
    }
    int count = 0;
    while ((item->most < 0 || count < item->most) && *at && fits(item, (unsigned char)*at, regex->fold)) {
      at++;
      count++;
    }
    if (count < item->least) return NULL;
    if (count == item->least) continue;
    for (; count >= item->least; count--, at--) {
      const char *end = match_here(regex, branch, i + 1, line, at);
      if (end) return end;
    }
    return NULL;
  }
  return at;
}

bool regex_search(const struct regex *regex, const char *line, size_t *start, size_t *length) {
  for (const char *at = line;; at++) {
    const char *best = NULL;
    for (const struct branch *branch = regex->branches; branch; branch = branch->next) {
      const char *end = match_here(regex, branch, 0, line, at);
      if (end && (!best || end > best)) best = end;
    }
    if (best) {
      *start = (size_t)(at - line);
      *length = (size_t)(best - at);
      return true;
    }
    if (!*at) return false;
  }
}
