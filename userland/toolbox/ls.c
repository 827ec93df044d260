/*
 * ls [-laA1dR] [PATH...]: names one a line; with -l mode, links, owner, group, size and time of change.
 */
#include "toolbox.h"

static struct options options;

static int show(const char *path, const char *name) {
  struct stat stat;
  if (!options.on['l']) {
    print("%s\n", name);
    return 0;
  }
  long error = sys_stat(path, &stat, AT_SYMLINK_NOFOLLOW);
  if (error < 0) return file_error(path, error);
  char mode[11];
  mode_text(stat.mode, mode);
  struct moment m = moment_of(stat.modified.seconds);
  print("%s %3u %-5u %-5u ", mode, stat.links, stat.uid, stat.gid);
  uint32_t kind = stat.mode & S_IFMT;
  if (kind == S_IFCHR || kind == S_IFBLK) {
    print("%4lu,%4lu", stat.rdevice >> 8 & 0xfff, (stat.rdevice & 0xff) | (stat.rdevice >> 12 & 0xfff00));
  } else {
    print("%9ld", stat.size);
  }
  print(" %d-%02d-%02d %02d:%02d %s", m.year, m.month, m.day, m.hour, m.minute, name);
  if (kind == S_IFLNK) {
    char target[4096];
    long length = sys_readlink(path, target, sizeof target);
    if (length > 0) print(" -> %.*s", (int)length, target);
  }
  print("\n");
  return 0;
}

static int list(const char *path, bool heading) {
  long error;
  int status = 0;
  char **names = list_folder(path, &error);
  if (error < 0) {
    release_list(names);
    return file_error(path, error);
  }
  if (heading) print("%s:\n", path);
  static const char *const DOTS[] = {".", ".."};
  for (int i = 0; i < 2 && options.on['a']; i++) {
    char *full = join_path(path, DOTS[i]);
    status |= show(full, DOTS[i]);
    release(full);
  }
  for (char **name = names; *name; name++) {
    if (**name == '.' && !options.on['a'] && !options.on['A']) continue;
    char *full = join_path(path, *name);
    status |= show(full, *name);
    release(full);
  }
  for (char **name = names; options.on['R'] && *name; name++) {
    if (**name == '.' && !options.on['a'] && !options.on['A']) continue;
    char *full = join_path(path, *name);
    struct stat stat;
    if (sys_stat(full, &stat, AT_SYMLINK_NOFOLLOW) == 0 && (stat.mode & S_IFMT) == S_IFDIR) {
      print("\n");
      status |= list(full, true);
    }
    release(full);
  }
  release_list(names);
  return status;
}

int tool_ls(int argc, char **argv) {
  if (!parse_options(argc, argv, "laA1dRh", "", &options)) return 1;
  int status = 0, folders = 0, shown = 0;
  if (options.first == argc) return options.on['d'] ? show(".", ".") : list(".", options.on['R']);
  /* Files first, then folders with a heading each if there is more than one operand. */
  for (int i = options.first; i < argc; i++) {
    struct stat stat;
    long error = sys_stat(argv[i], &stat, AT_SYMLINK_NOFOLLOW);
    if (error < 0) status |= file_error(argv[i], error);
    else if (!options.on['d'] && is_folder(argv[i])) folders++;
    else {
      status |= show(argv[i], argv[i]);
      shown++;
    }
  }
  for (int i = options.first; i < argc && folders > 0; i++) {
    if (!is_folder(argv[i])) continue;
    if (shown++) print("\n");
    status |= list(argv[i], argc - options.first > 1 || options.on['R']);
  }
  return status;
}
