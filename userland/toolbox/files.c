/*
 * mkdir, rmdir, rm, mv, ln, touch, chmod.
 */
#include "toolbox.h"

static int make_folder(const char *path, int mode, bool parents) {
  if (parents) {
    char *copy = copy_string(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
      *slash = 0;
      sys_mkdir(copy, 0777);
      *slash = '/';
    }
    release(copy);
  }
  long error = sys_mkdir(path, mode);
  if (error == -EEXIST && parents && is_folder(path)) return 0;
  return error < 0 ? file_error(path, error) : 0;
}

int tool_mkdir(int argc, char **argv) {
  struct options options;
  long mode = 0777;
  int status = 0;
  if (!parse_options(argc, argv, "p", "m", &options)) return 1;
  if (options.on['m'] && !parse_octal(options.value['m'], &mode)) die("bad mode: %s", options.value['m']);
  for (int i = options.first; i < argc; i++) status |= make_folder(argv[i], (int)mode, options.on['p']);
  return status;
}

int tool_rmdir(int argc, char **argv) {
  int status = 0;
  for (int i = 1; i < argc; i++) {
    long error = sys_unlink(argv[i], AT_REMOVEDIR);
    if (error < 0) status = file_error(argv[i], error);
  }
  return status;
}

static int remove_path(const char *path, const struct options *options) {
  struct stat stat;
  bool force = options->on['f'];
  long error = sys_stat(path, &stat, AT_SYMLINK_NOFOLLOW);
  if (error < 0) return error == -ENOENT && force ? 0 : file_error(path, error);
  int status = 0, flags = 0;
  if ((stat.mode & S_IFMT) == S_IFDIR) {
    if (!options->on['r'] && !options->on['R']) return file_error(path, EISDIR);
    char **names = list_folder(path, &error);
    for (char **name = names; name && *name; name++) {
      char *full = join_path(path, *name);
      status |= remove_path(full, options);
      release(full);
    }
    release_list(names);
    flags = AT_REMOVEDIR;
  }
  error = sys_unlink(path, flags);
  return error < 0 ? file_error(path, error) : status;
}

int tool_rm(int argc, char **argv) {
  struct options options;
  int status = 0;
  if (!parse_options(argc, argv, "rRf", "", &options)) return 1;
  if (options.first == argc && !options.on['f']) die("usage: rm [-rf] PATH...");
  for (int i = options.first; i < argc; i++) status |= remove_path(argv[i], &options);
  return status;
}

/* The operands of mv and ln: one source and a target, or many and a folder. */
static bool check_operands(int argc, char **argv, int first, const char *usage) {
  if (argc - first < 2) die("usage: %s", usage);
  if (argc - first == 2 || is_folder(argv[argc - 1])) return true;
  file_error(argv[argc - 1], ENOTDIR);
  return false;
}

int tool_cp(int argc, char **argv);

int tool_mv(int argc, char **argv) {
  struct options options;
  int status = 0;
  if (!parse_options(argc, argv, "fn", "", &options)) return 1;
  if (!check_operands(argc, argv, options.first, "mv FROM... TO")) return 1;
  for (int i = options.first; i < argc - 1; i++) {
    char *to = target_path(argv[i], argv[argc - 1]);
    struct stat stat;
    if (options.on['n'] && sys_stat(to, &stat, AT_SYMLINK_NOFOLLOW) == 0) continue;
    long error = sys_rename(argv[i], to);
    if (error == -EXDEV) {
      /* Another file system: copy, then remove. */
      char copy[] = "cp", options_text[] = "-rp";
      char *arguments[] = {copy, options_text, argv[i], to, NULL};
      struct options remove = {.on = {['r'] = true}};
      status |= tool_cp(4, arguments) || remove_path(argv[i], &remove);
    } else if (error < 0) {
      status = file_error(argv[i], error);
    }
    release(to);
  }
  return status;
}

int tool_ln(int argc, char **argv) {
  struct options options;
  int status = 0;
  if (!parse_options(argc, argv, "sfn", "", &options)) return 1;
  if (!check_operands(argc, argv, options.first, "ln [-sf] FROM... TO")) return 1;
  for (int i = options.first; i < argc - 1; i++) {
    char *to = options.on['n'] ? copy_string(argv[argc - 1]) : target_path(argv[i], argv[argc - 1]);
    if (options.on['f']) sys_unlink(to, 0);
    long error = options.on['s'] ? SYSCALL(SYS_symlinkat, argv[i], AT_FDCWD, to)
                                 : SYSCALL(SYS_linkat, AT_FDCWD, argv[i], AT_FDCWD, to, 0);
    if (error < 0) status = file_error(to, error);
    release(to);
  }
  return status;
}

/* touch [-c] [-d @SECONDS] PATH... */
int tool_touch(int argc, char **argv) {
  struct options options;
  struct timespec times[2] = {{0}};
  int status = 0;
  if (!parse_options(argc, argv, "c", "d", &options)) return 1;
  if (options.on['d']) {
    const char *text = options.value['d'];
    if (*text != '@' || !parse_number(text + 1, &times[0].seconds)) die("-d wants @SECONDS");
    times[1] = times[0];
  }
  for (int i = options.first; i < argc; i++) {
    if (!options.on['c']) {
      int fd = sys_open(argv[i], O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
      if (fd >= 0) sys_close(fd);
      else if (fd != -EISDIR) {
        status = file_error(argv[i], fd);
        continue;
      }
    }
    long error = SYSCALL(SYS_utimensat, AT_FDCWD, argv[i], options.on['d'] ? times : NULL, 0);
    if (error < 0 && !(error == -ENOENT && options.on['c'])) status = file_error(argv[i], error);
  }
  return status;
}

/* One of u, g, o, a (or none) with +, - or = and r, w, x, s, t; several joined by commas. False if malformed. */
static bool symbolic_mode(const char *s, uint32_t *mode) {
  while (*s) {
    uint32_t who = 0;
    for (; *s && strchr("ugoa", *s); s++) who |= *s == 'u' ? 04700 : *s == 'g' ? 02070 : *s == 'o' ? 01007 : 07777;
    if (!who) who = 07777;
    char operator = *s++;
    if (operator != '+' && operator != '-' && operator != '=') return false;
    uint32_t bits = 0;
    for (; *s && *s != ','; s++) {
      if (*s == 'r') bits |= 0444;
      else if (*s == 'w') bits |= 0222;
      else if (*s == 'x' || (*s == 'X' && ((*mode & 0111) || (*mode & S_IFMT) == S_IFDIR))) bits |= 0111;
      else if (*s == 's') bits |= 06000;
      else if (*s == 't') bits |= 01000;
      else if (*s != 'X') return false;
    }
    if (operator == '=') *mode &= ~(who & 0777U);
    *mode = operator == '-' ? *mode & ~(bits & who) : *mode | (bits & who);
    if (*s == ',') s++;
  }
  return true;
}

static int change_mode(const char *path, const char *text, bool deep) {
  struct stat stat;
  int status = 0;
  long error = sys_stat(path, &stat, 0), octal;
  if (error < 0) return file_error(path, error);
  uint32_t mode = stat.mode;
  if (parse_octal(text, &octal)) mode = (uint32_t)octal;
  else if (!symbolic_mode(text, &mode)) die("bad mode: %s", text);
  error = SYSCALL(SYS_fchmodat, AT_FDCWD, path, mode & 07777);
  if (error < 0) status = file_error(path, error);
  if (!deep || (stat.mode & S_IFMT) != S_IFDIR) return status;
  char **names = list_folder(path, &error);
  for (char **name = names; name && *name; name++) {
    char *full = join_path(path, *name);
    if (sys_stat(full, &stat, AT_SYMLINK_NOFOLLOW) == 0 && (stat.mode & S_IFMT) != S_IFLNK) {
      status |= change_mode(full, text, true);
    }
    release(full);
  }
  release_list(names);
  return status;
}

/* chmod [-R] MODE PATH...: a mode may start with "-", so options are taken by hand. */
int tool_chmod(int argc, char **argv) {
  bool deep = argc > 1 && same(argv[1], "-R");
  int first = deep ? 2 : 1, status = 0;
  if (argc < first + 2) die("usage: chmod [-R] MODE PATH...");
  for (int i = first + 1; i < argc; i++) status |= change_mode(argv[i], argv[first], deep);
  return status;
}
