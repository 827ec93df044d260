/*
 * ps and stat: what the system knows about processes and files.
 */
#include "toolbox.h"

/* /proc/PID/stat: "1 (name) S 0 ..." where the name may hold anything, so the fields are counted from the last ")". */
static bool show_process(const char *id) {
  char *folder = join_path("/proc", id);
  char *path = join_path(folder, "stat");
  long length, fields[24] = {0};
  char *text = read_file(path, &length);
  release(path);
  char *open = text ? strchr(text, '(') : NULL, *close = text ? strrchr(text, ')') : NULL;
  bool good = open && close && close[1] && close[2];
  if (good) {
    char *at = close + 3;
    for (int field = 3; field < 24 && *at; field++) {
      while (*at == ' ') at++;
      bool negative = *at == '-';
      if (negative) at++;
      for (; is_digit(*at); at++) fields[field] = fields[field] * 10 + (*at - '0');
      if (negative) fields[field] = -fields[field];
      while (*at && *at != ' ') at++;
    }
    /* 4 parent, 5 group, 14 and 15 ticks of user and system time, 23 size. */
    long ticks = fields[14] + fields[15];
    path = join_path(folder, "cmdline");
    char *line = read_file(path, &length);
    release(path);
    for (long i = 0; line && i < length - 1; i++) {
      if (!line[i]) line[i] = ' ';
    }
    print("%5s %5ld %5ld %c %3ld:%02ld.%02ld %7ld ", id, fields[4], fields[5], close[2], ticks / 6000, ticks / 100 % 60,
          ticks % 100, fields[23] / 1024);
    if (line && length > 0) print("%s\n", line);
    else print("[%.*s]\n", (int)(close - open - 1), open + 1);
    release(line);
  }
  release(text);
  release(folder);
  return good;
}

int tool_ps(int argc, char **argv) {
  (void)argc, (void)argv; /* every process is shown in any case; options like aux are let pass */
  long error;
  char **names = list_folder("/proc", &error);
  if (!names) return file_error("/proc", error);
  print("  PID  PPID  PGID S      TIME SIZE_KB COMMAND\n");
  /* Sorted as strings so far; by number means by length first. */
  for (size_t digits = 1; digits < 10; digits++) {
    for (char **name = names; *name; name++) {
      if (is_digit(**name) && strlen(*name) == digits) show_process(*name);
    }
  }
  return 0;
}

static void show_time(const char *label, const struct timespec *time) {
  struct moment m = moment_of(time->seconds);
  print("%s: %04d-%02d-%02d %02d:%02d:%02d.%09ld\n", label, m.year, m.month, m.day, m.hour, m.minute, m.second,
        time->nanoseconds);
}

/* %n name, %s size, %a octal mode, %A mode as text, %h links, %i inode, %u %g owner, %Y time of change, %F kind */
static void show_format(const char *format, const char *path, const struct stat *stat, const char *kind) {
  char mode[11];
  mode_text(stat->mode, mode);
  for (; *format; format++) {
    if (*format != '%' || !format[1]) {
      print("%c", *format);
      continue;
    }
    switch (*++format) {
      case 'n': print("%s", path); break;
      case 's': print("%ld", stat->size); break;
      case 'a': print("%o", stat->mode & 07777); break;
      case 'A': print("%s", mode); break;
      case 'h': print("%u", stat->links); break;
      case 'i': print("%lu", stat->inode); break;
      case 'u': print("%u", stat->uid); break;
      case 'g': print("%u", stat->gid); break;
      case 'b': print("%ld", stat->blocks); break;
      case 'Y': print("%ld", stat->modified.seconds); break;
      case 'F': print("%s", kind); break;
      default: print("%%%c", *format);
    }
  }
  print("\n");
}

/* stat [-L] [-c FORMAT] PATH... */
int tool_stat(int argc, char **argv) {
  struct options options;
  int status = 0;
  if (!parse_options(argc, argv, "L", "c", &options)) return 1;
  for (int i = options.first; i < argc; i++) {
    struct stat stat;
    long error = sys_stat(argv[i], &stat, options.on['L'] ? 0 : AT_SYMLINK_NOFOLLOW);
    if (error < 0) {
      status = file_error(argv[i], error);
      continue;
    }
    uint32_t type = stat.mode & S_IFMT;
    const char *kind = type == S_IFDIR ? "directory" : type == S_IFLNK ? "symbolic link" : type == S_IFIFO ? "fifo" :
                       type == S_IFCHR ? "character special file" : type == S_IFBLK ? "block special file" :
                       type == S_IFSOCK ? "socket" : stat.size ? "regular file" : "regular empty file";
    if (options.on['c']) {
      show_format(options.value['c'], argv[i], &stat, kind);
      continue;
    }
    char mode[11];
    mode_text(stat.mode, mode);
    print("  File: %s\n  Size: %ld  Blocks: %ld  %s\n", argv[i], stat.size, stat.blocks, kind);
    print("Device: %lx  Inode: %lu  Links: %u\n", stat.device, stat.inode, stat.links);
    print("Access: (%04o/%s)  Uid: %u  Gid: %u\n", stat.mode & 07777, mode, stat.uid, stat.gid);
    show_time("Access", &stat.accessed);
    show_time("Modify", &stat.modified);
    show_time("Change", &stat.changed);
  }
  return status;
}
