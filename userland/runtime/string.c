/*
 * Strings and bytes.
 *
 * The build keeps the compiler from turning the loops of this file into calls of the very functions they implement.
 */
#include "runtime.h"

void *memcpy(void *to, const void *from, size_t size) {
  char *t = to;
  const char *f = from;
  /* Eight bytes at a time where both sides allow; copying pages is what forkbench and cat do all day. */
  if ((((unsigned long)t | (unsigned long)f) & 7) == 0) {
    for (; size >= 8; size -= 8, t += 8, f += 8) *(uint64_t *)(void *)t = *(const uint64_t *)(const void *)f;
  }
  while (size--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  char *t = to;
  const char *f = from;
  if (t <= f || t >= f + size) return memcpy(to, from, size);
  while (size--) t[size] = f[size];
  return to;
}

void *memset(void *to, int byte, size_t size) {
  char *t = to;
  while (size--) *t++ = (char)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t size) {
  const unsigned char *x = a, *y = b;
  for (; size--; x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

size_t strlen(const char *s) {
  size_t length = 0;
  while (s[length]) length++;
  return length;
}

int strncmp(const char *a, const char *b, size_t size) {
  for (; size--; a++, b++) {
    if (*a != *b) return (unsigned char)*a - (unsigned char)*b;
    if (!*a) break;
  }
  return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t)-1); }

char *strchr(const char *s, int c) {
  for (;; s++) {
    if (*s == (char)c) return (char *)s;
    if (!*s) return NULL;
  }
}

char *strrchr(const char *s, int c) {
  const char *found = NULL;
  do {
    if (*s == (char)c) found = s;
  } while (*s++);
  return (char *)found;
}

const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

static bool parse_base(const char *s, int base, long *to) {
  bool negative = *s == '-';
  if (*s == '-' || *s == '+') s++;
  if (!*s) return false;
  long value = 0;
  for (; *s; s++) {
    int digit = *s - '0';
    if (digit < 0 || digit >= base) return false;
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value)) return false;
  }
  *to = negative ? -value : value;
  return true;
}

bool parse_number(const char *s, long *to) { return parse_base(s, 10, to); }
bool parse_octal(const char *s, long *to) { return parse_base(s, 8, to); }

bool parse_seconds(const char *s, int64_t *nanoseconds) {
  int64_t value = 0, unit = 1000000000;
  bool digits = false;
  for (; is_digit(*s); s++, digits = true) {
    value = value * 10 + (*s - '0');
    if (value > 4000000000) return false;
  }
  value *= unit;
  if (*s == '.') {
    for (s++; is_digit(*s); s++, digits = true) {
      unit /= 10;
      value += (*s - '0') * unit;
    }
  }
  if (*s || !digits) return false;
  *nanoseconds = value;
  return true;
}
