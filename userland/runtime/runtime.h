/*
 * What every program here may call. There is no C library underneath; this is all of it.
 *
 * Names that the compiler itself calls (memcpy, memset, ...) keep their standard meaning. Everything else is small and
 * ours: stdout is one buffered stream, errors go to stderr at once, and numbers are read strictly.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include "syscalls.h"

/* start.c */
extern char **environment;
extern const char *program; /* the last part of argv[0]; starts every error message */
__attribute__((noreturn)) void leave(int status); /* flushes stdout, then exits */
const char *variable(const char *name);           /* from the environment; null if unset */

/* string.c */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
static inline bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool is_alpha(int c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static inline bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline int to_lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
const char *base_name(const char *path);
/* Whole string as a decimal number; false for anything else. */
bool parse_number(const char *s, long *to);
bool parse_octal(const char *s, long *to);
/* Decimal seconds with an optional fraction ("1", "0.25") to nanoseconds. */
bool parse_seconds(const char *s, int64_t *nanoseconds);

/* memory.c: allocation never fails; the program ends with a message instead */
void *allocate(size_t size);
void *reallocate(void *block, size_t size);
void release(void *block);
char *copy_string(const char *s);
char *join_path(const char *folder, const char *name);

/* print.c: %d %u %x %o %c %s %f %%, with l, width, precision, '-', '0' and '*' */
struct text {
  char *at;
  size_t length, capacity;
};
void text_add(struct text *text, const char *s, size_t length);
void text_char(struct text *text, char c);
void text_format(struct text *text, const char *format, va_list arguments);
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...); /* "program: ...\n" on stderr */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
void print_bytes(const char *s, size_t length);
int flush(void); /* 0, or the negative errno of the first failed write since the last flush */
long write_all(int fd, const char *from, size_t length);

/* errors.c */
const char *error_text(long error); /* "No such file or directory"; the sign does not matter */
const char *error_name(long error); /* "ENOENT" */
const char *signal_name(int signal); /* "INT"; null if it has none */
int signal_number(const char *name); /* "INT", "SIGINT", "2"; -1 if unknown */

/* files.c */
struct reader {
  int fd;
  size_t at, end;
  char buffer[4096];
};
int read_byte(struct reader *reader); /* -1 at the end or on an error */
/* One line without its newline; null at the end. The line belongs to the caller. */
char *read_line(struct reader *reader);
/* All bytes of a file, with a zero after them; null and a negative errno in *length on failure. */
char *read_file(const char *path, long *length);
/* Sorted names without "." and "..", ended by null; null if the folder can not be read. */
char **list_folder(const char *path, long *error);
void release_list(char **list);
/* Stable. */
void sort_strings(char **list, size_t length, int (*compare)(const char *, const char *));

/* time.c */
int64_t now_nanoseconds(int clock);
void sleep_nanoseconds(int64_t duration);
