/*
 * Extended attributes as a program sees them: results and errors of the calls by path, by link and by descriptor, for root and
 * for others; then many calls by chance. fallocate's errors, in their order.
 *
 * Lists are sorted, for no order is promised. Nothing that it prints depends on the file system, as long as small values fit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *what, const char *buffer, long length) {
  char *names[64];
  int count = 0;
  if (length < 0) {
    say(what, length);
    return;
  }
  for (const char *at = buffer; at < buffer + length; at += strlen(at) + 1) names[count++] = (char *)at;
  qsort(names, count, sizeof *names, by_name);
  printf("%s:", what);
  for (int i = 0; i < count; i++) printf(" %s", names[i]);
  printf("\n");
}

static void get(const char *what, const char *path, const char *name) {
  char value[512];
  long length = lgetxattr(path, name, value, sizeof value);
  say(what, length);
  if (length > 0) printf("  %.*s\n", (int)length, value);
}

static char long_name[400];
static const char *NAMES[] = {"user.a", "user.bb", "user.c", "trusted.t", "security.s", "system.x", "user.", "nothing",
                              "user.name.with.dots", "trusted.", "foo.bar", "security.capability"};
static const char *PATHS[] = {"file", "dir", "link", "fifo", "sticky", "dangling", "absent", "file/below"};
static unsigned seed = 7;
static unsigned chance(unsigned below) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % below;
}

static void arguments(void) {
  char buffer[65536];
  static char big[70000];
  memset(long_name, 'n', 300);
  memcpy(long_name, "user.", 5);
  say("flags", setxattr("absent", "user.a", "v", 1, 4));
  say("name 0", setxattr("absent", "", "v", 1, 0));
  say("name too long", setxattr("absent", long_name, "v", 1, 0));
  say("name nowhere", setxattr("absent", (char *)8, "v", 1, 0));
  say("value too long", setxattr("absent", "user.a", big, 65537, 0));
  say("value nowhere", setxattr("absent", "user.a", (char *)8, 1, 0));
  say("path nowhere", setxattr((char *)8, "user.a", "v", 1, 0));
  say("absent", setxattr("absent", "user.a", "v", 1, 0));
  say("get name too long", getxattr("absent", long_name, buffer, 10));
  say("get absent", getxattr("absent", "user.a", buffer, 10));
  say("list absent", listxattr("absent", buffer, 10));
  say("remove name 0", removexattr("absent", ""));
  say("remove absent", removexattr("absent", "user.a"));
  long_name[255] = 0;
  say("longest name", setxattr("file", long_name, "v", 1, 0));
  say("it is there", getxattr("file", long_name, buffer, 10));
  say("it goes", removexattr("file", long_name));
  say("bad fd", fsetxattr(99, "user.a", "v", 1, 0));
  say("bad fd, flags", fsetxattr(99, "user.a", "v", 1, 8));
  int fd = open("file", O_PATH);
  say("O_PATH", fsetxattr(fd, "user.a", "v", 1, 0));
  say("O_PATH get", fgetxattr(fd, "user.a", buffer, 1));
  say("O_PATH list", flistxattr(fd, buffer, 1));
  close(fd);
  fd = open("file", O_RDONLY);
  say("read only fd", fsetxattr(fd, "user.fd", "value", 5, 0));
  say("length", fgetxattr(fd, "user.fd", NULL, 0));
  say("short", fgetxattr(fd, "user.fd", buffer, 4));
  say("exact", fgetxattr(fd, "user.fd", buffer, 5));
  say("get nowhere", fgetxattr(fd, "user.fd", (char *)8, 5));
  say("list length", flistxattr(fd, NULL, 0));
  say("list short", flistxattr(fd, buffer, 3));
  say("list exact", flistxattr(fd, buffer, 8));
  say("list nowhere", flistxattr(fd, (char *)8, 8));
  say("create", fsetxattr(fd, "user.fd", "x", 1, XATTR_CREATE));
  say("replace", fsetxattr(fd, "user.fd", "x", 1, XATTR_REPLACE));
  say("replace none", fsetxattr(fd, "user.none", "x", 1, XATTR_REPLACE));
  say("both, there", fsetxattr(fd, "user.fd", "x", 1, XATTR_CREATE | XATTR_REPLACE));
  say("empty", fsetxattr(fd, "user.empty", NULL, 0, 0));
  say("empty is", fgetxattr(fd, "user.empty", buffer, 9));
  say("remove", fremovexattr(fd, "user.fd"));
  say("remove again", fremovexattr(fd, "user.fd"));
  say("remove empty", fremovexattr(fd, "user.empty"));
  close(fd);
  int ends[2];
  pipe(ends);
  say("pipe", fsetxattr(ends[0], "user.a", "v", 1, 0));
  say("pipe get", fgetxattr(ends[0], "user.a", buffer, 1));
  close(ends[0]);
  close(ends[1]);
}

static void step(void) {
  char buffer[4096];
  const char *path = PATHS[chance(8)];
  const char *name = NAMES[chance(12)];
  int whose = chance(3);
  if (whose > 0) setfsuid(999 + whose);
  int length = chance(40);
  /* An empty capability is a rule of its own. */
  if (length == 0 && strcmp(name, "security.capability") == 0) length = 1;
  memset(buffer, 'a' + chance(26), sizeof buffer);
  static const int FLAGS[] = {0, 0, 0, XATTR_CREATE, XATTR_REPLACE};
  switch (chance(8)) {
    case 0: case 1: say("set", setxattr(path, name, buffer, length, FLAGS[chance(5)])); break;
    case 2: say("lset", lsetxattr(path, name, buffer, length, FLAGS[chance(5)])); break;
    case 3: get(name, path, name); break;
    case 4: say("remove", removexattr(path, name)); break;
    case 5: say("lremove", lremovexattr(path, name)); break;
    case 6: list(path, buffer, listxattr(path, buffer, sizeof buffer)); break;
    case 7: list(path, buffer, llistxattr(path, buffer, sizeof buffer)); break;
  }
  if (whose > 0) setfsuid(0);
}

static void moves(void) {
  char buffer[512];
  setxattr("file", "user.stays", "here", 4, 0);
  link("file", "second");
  rename("file", "moved");
  get("renamed", "moved", "user.stays");
  get("linked", "second", "user.stays");
  unlink("moved");
  get("left", "second", "user.stays");
  unlink("second");
  int fd = open("file", O_CREAT | O_RDWR, 0644);
  get("anew", "file", "user.stays");
  unlink("file");
  say("nameless", fsetxattr(fd, "user.q", "v", 1, 0));
  say("nameless get", fgetxattr(fd, "user.q", buffer, 5));
  close(fd);
  struct stat before, after;
  mkdir("times", 0755);
  stat("times", &before);
  usleep(20000);
  setxattr("times", "user.q", "v", 1, 0);
  stat("times", &after);
  say("ctime moves", after.st_ctim.tv_sec != before.st_ctim.tv_sec || after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
  say("mtime stays", after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

static void allocation(void) {
  int fd = open("space", O_CREAT | O_RDWR, 0644);
  int reader = open("space", O_RDONLY);
  int ends[2];
  pipe(ends);
  int dir = open("dir", O_RDONLY);
  say("length 0", fallocate(fd, 0, 0, 0));
  say("offset below 0", fallocate(fd, 0, -1, 10));
  say("length 0 first", fallocate(reader, 0x4000, 0, 0));
  say("mode unknown", fallocate(reader, 0x4000, 0, 10));
  say("punch alone", fallocate(reader, FALLOC_FL_PUNCH_HOLE, 0, 10));
  say("punch and zero", fallocate(reader, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 10));
  say("collapse and keep", fallocate(reader, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
  say("read only", fallocate(reader, 0, 0, 10));
  say("read only collapse", fallocate(reader, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
  say("directory", fallocate(dir, 0, 0, 10));
  say("pipe", fallocate(ends[1], 0, 0, 10));
  say("pipe reader", fallocate(ends[0], 0, 0, 10));
  say("too far", fallocate(fd, 0, 0x7ffffffffffffff0, 0x100));
  say("grow", fallocate(fd, 0, 0, 10000));
  struct stat there;
  fstat(fd, &there);
  say("size", there.st_size);
  pwrite(fd, "0123456789", 10, 4090);
  say("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4092, 4));
  say("punch behind", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 20000, 4));
  fstat(fd, &there);
  say("size", there.st_size);
  char back[10];
  pread(fd, back, 10, 4090);
  for (int i = 0; i < 10; i++) putchar(back[i] ? back[i] : '.');
  putchar('\n');
}

int main(void) {
  umask(0);
  chmod(".", 0755);
  mkdir("dir", 0777);
  mkdir("sticky", 01777);
  chown("sticky", 1000, 0);
  mkfifo("fifo", 0666);
  symlink("file", "link");
  symlink("nowhere", "dangling");
  close(open("file", O_CREAT | O_RDWR, 0664));
  chown("file", 1000, 0);
  arguments();
  for (int i = 0; i < 600; i++) step();
  moves();
  allocation();
  return 0;
}
