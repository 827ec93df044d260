/*
 * Reading files by line and as a whole, and listing folders.
 */
#include "runtime.h"

int read_byte(struct reader *reader) {
  if (reader->at == reader->end) {
    long got;
    do got = sys_read(reader->fd, reader->buffer, sizeof reader->buffer);
    while (got == -EINTR);
    if (got < 0) complain("read error: %s", error_text(got));
    if (got <= 0) return -1;
    reader->at = 0;
    reader->end = (size_t)got;
  }
  return (unsigned char)reader->buffer[reader->at++];
}

char *read_line(struct reader *reader) {
  struct text line = {0};
  int c;
  while ((c = read_byte(reader)) >= 0 && c != '\n') text_char(&line, (char)c);
  if (c < 0 && line.length == 0) {
    release(line.at);
    return NULL;
  }
  text_add(&line, "", 0);
  return line.at;
}

char *read_file(const char *path, long *length) {
  int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    *length = fd;
    return NULL;
  }
  struct text text = {0};
  char buffer[4096];
  long got;
  while ((got = sys_read(fd, buffer, sizeof buffer)) > 0) text_add(&text, buffer, (size_t)got);
  sys_close(fd);
  if (got < 0) {
    release(text.at);
    *length = got;
    return NULL;
  }
  text_add(&text, "", 0);
  *length = (long)text.length;
  return text.at;
}

/* Merge sort: stable, and no worst case in a folder that is sorted already. */
static void merge_sort(char **list, char **spare, size_t length, int (*compare)(const char *, const char *)) {
  if (length < 2) return;
  size_t middle = length / 2;
  merge_sort(list, spare, middle, compare);
  merge_sort(list + middle, spare, length - middle, compare);
  memcpy(spare, list, middle * sizeof *list);
  for (size_t left = 0, right = middle, to = 0; left < middle; to++) {
    if (right < length && compare(list[right], spare[left]) < 0) list[to] = list[right++];
    else list[to] = spare[left++];
  }
}

void sort_strings(char **list, size_t length, int (*compare)(const char *, const char *)) {
  char **spare = allocate((length + 1) * sizeof *list);
  merge_sort(list, spare, length, compare);
  release(spare);
}

char **list_folder(const char *path, long *error) {
  int fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  *error = fd < 0 ? fd : 0;
  if (fd < 0) return NULL;
  char **list = NULL;
  size_t count = 0, room = 0;
  _Alignas(8) char buffer[4096];
  long got;
  while ((got = sys_getdents(fd, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < got;) {
      struct dirent *entry = (struct dirent *)(void *)(buffer + at);
      at += entry->length;
      if (same(entry->name, ".") || same(entry->name, "..")) continue;
      if (count + 1 >= room) list = reallocate(list, (room = room ? room * 2 : 16) * sizeof *list);
      list[count++] = copy_string(entry->name);
    }
  }
  sys_close(fd);
  if (got < 0) *error = got;
  if (!list) list = allocate(sizeof *list);
  sort_strings(list, count, strcmp);
  list[count] = NULL;
  return list;
}

void release_list(char **list) {
  if (!list) return;
  for (char **entry = list; *entry; entry++) release(*entry);
  release(list);
}
