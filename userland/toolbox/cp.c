/*
 * cp [-rpf] FROM... TO: files, and with -r folders and links as they are; -p keeps mode and times.
 */
#include "toolbox.h"

static struct options options;

static int copy_bytes(const char *from, const char *to, uint32_t mode) {
  int in = sys_open(from, O_RDONLY | O_CLOEXEC, 0);
  if (in < 0) return file_error(from, in);
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  int out = sys_open(to, flags, (int)(mode & 0777));
  if (out < 0 && options.on['f'] && sys_unlink(to, 0) == 0) out = sys_open(to, flags, (int)(mode & 0777));
  if (out < 0) {
    sys_close(in);
    return file_error(to, out);
  }
  static char buffer[32 * 1024];
  int status = 0;
  long got, error = 0;
  while ((got = sys_read(in, buffer, sizeof buffer)) > 0) {
    if ((error = write_all(out, buffer, (size_t)got)) < 0) break;
  }
  if (got < 0) status = file_error(from, got);
  if (error < 0) status = file_error(to, error);
  sys_close(in);
  error = sys_close(out);
  return error < 0 ? file_error(to, error) : status;
}

static int copy_path(const char *from, const char *to) {
  struct stat stat, there;
  bool deep = options.on['r'] || options.on['R'] || options.on['a'];
  long error = sys_stat(from, &stat, deep ? AT_SYMLINK_NOFOLLOW : 0);
  if (error < 0) return file_error(from, error);
  if (sys_stat(to, &there, 0) == 0 && there.device == stat.device && there.inode == stat.inode) {
    complain("%s and %s are the same file", from, to);
    return 1;
  }
  int status = 0;
  uint32_t kind = stat.mode & S_IFMT;
  if (kind == S_IFDIR) {
    if (!deep) {
      complain("%s is a folder (use -r)", from);
      return 1;
    }
    error = sys_mkdir(to, (int)(stat.mode & 07777) | 0700);
    if (error < 0 && error != -EEXIST) return file_error(to, error);
    char **names = list_folder(from, &error);
    for (char **name = names; name && *name; name++) {
      char *inner_from = join_path(from, *name), *inner_to = join_path(to, *name);
      status |= copy_path(inner_from, inner_to);
      release(inner_from);
      release(inner_to);
    }
    release_list(names);
  } else if (kind == S_IFLNK) {
    char target[4096];
    long length = sys_readlink(from, target, sizeof target - 1);
    if (length < 0) return file_error(from, length);
    target[length] = 0;
    error = SYSCALL(SYS_symlinkat, target, AT_FDCWD, to);
    return error < 0 ? file_error(to, error) : 0;
  } else {
    status = copy_bytes(from, to, stat.mode);
  }
  if (options.on['p'] || options.on['a']) {
    struct timespec times[2] = {stat.accessed, stat.modified};
    SYSCALL(SYS_fchmodat, AT_FDCWD, to, stat.mode & 07777);
    SYSCALL(SYS_utimensat, AT_FDCWD, to, times, 0);
  }
  return status;
}

int tool_cp(int argc, char **argv) {
  int status = 0;
  if (!parse_options(argc, argv, "rRpfa", "", &options)) return 1;
  int count = argc - options.first;
  if (count < 2) die("usage: cp [-rpf] FROM... TO");
  if (count > 2 && !is_folder(argv[argc - 1])) return file_error(argv[argc - 1], ENOTDIR);
  for (int i = options.first; i < argc - 1; i++) {
    char *to = target_path(argv[i], argv[argc - 1]);
    status |= copy_path(argv[i], to);
    release(to);
  }
  return status;
}
