/*
 * Modes as text, and paths as cp, mv and ln see them.
 */
#include "toolbox.h"

void mode_text(uint32_t mode, char text[11]) {
  static const struct {
    uint32_t kind;
    char letter;
  } KINDS[] = {{S_IFDIR, 'd'}, {S_IFLNK, 'l'}, {S_IFCHR, 'c'}, {S_IFBLK, 'b'}, {S_IFIFO, 'p'}, {S_IFSOCK, 's'}};
  memcpy(text, "----------", 11);
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    if ((mode & S_IFMT) == KINDS[i].kind) text[0] = KINDS[i].letter;
  }
  for (int bit = 0; bit < 9; bit++) {
    if (mode & (0400U >> bit)) text[bit + 1] = "rwx"[bit % 3];
  }
  if (mode & 04000) text[3] = text[3] == 'x' ? 's' : 'S';
  if (mode & 02000) text[6] = text[6] == 'x' ? 's' : 'S';
  if (mode & 01000) text[9] = text[9] == 'x' ? 't' : 'T';
}

bool is_folder(const char *path) {
  struct stat stat;
  return sys_stat(path, &stat, 0) == 0 && (stat.mode & S_IFMT) == S_IFDIR;
}

char *target_path(const char *from, const char *to) {
  if (!is_folder(to)) return copy_string(to);
  char *plain = copy_string(from);
  for (size_t length = strlen(plain); length > 1 && plain[length - 1] == '/';) plain[--length] = 0;
  char *path = join_path(to, base_name(plain));
  release(plain);
  return path;
}
