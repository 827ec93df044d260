/* Tries to leave /mnt by every way that a guest's own calls offer; says what could be read or written outside. Run as root
 * of the guest. argv[1] is the name of the host's folder outside, as the host names it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *outside;

static void tried(const char *path) {
  char buffer[100] = "";
  int fd = open(path, O_RDONLY);
  if (fd >= 0) {
    long n = read(fd, buffer, sizeof buffer - 1);
    if (n > 0 && strstr(buffer, "host secret")) printf("READ %s\n", path);
    close(fd);
  }
  fd = open(path, O_WRONLY | O_CREAT, 0666);
  if (fd >= 0) { write(fd, "guest", 5); fsync(fd); close(fd); }
}

static void in(const char *folder) {
  char path[4200];
  snprintf(path, sizeof path, "%s/secret", folder);
  tried(path);
  snprintf(path, sizeof path, "%s/made", folder);
  tried(path);
}

int main(int argc, char **argv) {
  outside = argv[1];
  char path[8000];
  /* by names */
  in("/mnt/.."); in("/mnt/../outside"); in("/mnt/../../outside"); in("/mnt/d/../../outside"); in("/mnt/./../outside");
  in(outside); snprintf(path, sizeof path, "/mnt/%s", outside); in(path);
  snprintf(path, sizeof path, "/mnt/..%s", outside); in(path);
  /* by symlinks that the host had, and by the guest's own */
  in("/mnt/host-relative"); in("/mnt/host-absolute"); tried("/mnt/host-file");
  symlink("../outside", "/mnt/relative"); symlink(outside, "/mnt/absolute"); symlink("../../../../../../outside", "/mnt/many");
  snprintf(path, sizeof path, "%s/secret", outside); symlink(path, "/mnt/file");
  in("/mnt/relative"); in("/mnt/absolute"); in("/mnt/many"); tried("/mnt/file");
  /* a folder made a symlink after it was walked */
  mkdir("/mnt/swap", 0777); int held = open("/mnt/swap", O_RDONLY | O_DIRECTORY); chdir("/mnt/swap");
  rename("/mnt/swap", "/mnt/swapped"); symlink("../outside", "/mnt/swap");
  in("/mnt/swap"); in("."); in(".."); tried("../outside/secret");
  int fd = openat(held, "../outside/secret", O_RDONLY); if (fd >= 0) puts("READ by openat");
  fd = openat(held, "secret", O_CREAT | O_WRONLY, 0666); if (fd >= 0) { write(fd, "guest", 5); close(fd); }
  rmdir("/mnt/swapped/x"); in("/proc/self/cwd"); in("/proc/self/cwd/.."); in("/proc/self/root/outside"); in("/proc/self/root/..");
  snprintf(path, sizeof path, "/proc/self/fd/%d", held); in(path); strcat(path, "/.."); in(path); strcat(path, "/../outside"); in(path);
  /* a folder moved up while somebody stands in it */
  mkdir("/mnt/a", 0777); mkdir("/mnt/a/b", 0777); mkdir("/mnt/a/b/c", 0777); chdir("/mnt/a/b/c");
  rename("/mnt/a/b", "/mnt/b"); in(".."); in("../.."); in("../../.."); in("../../../outside");
  rename("/mnt/b/c", "/mnt/../c"); rename("/mnt/b", "/outside"); in("/outside");
  /* links */
  link("/mnt/host-file", "/mnt/linked"); tried("/mnt/linked"); linkat(AT_FDCWD, "/mnt/host-file", AT_FDCWD, "/mnt/followed", AT_SYMLINK_FOLLOW); tried("/mnt/followed");
  snprintf(path, sizeof path, "%s/secret", outside); link(path, "/mnt/hard"); tried("/mnt/hard"); link("/mnt/d/file", path);
  rename("/mnt/d/file", "/mnt/../outside/secret"); rename("/mnt/d/file", path); rename(path, "/mnt/stolen"); tried("/mnt/stolen");
  truncate("/mnt/host-file", 0); chmod("/mnt/host-file", 0777); chown("/mnt/host-file", 1, 1); unlink("/mnt/host-relative/secret"); rmdir("/mnt/host-relative");
  rename("/mnt/host-relative/secret", "/mnt/got"); tried("/mnt/got"); mkdir("/mnt/host-relative/folder", 0777); symlink("x", "/mnt/host-absolute/link");
  /* nodes */
  mknod("/mnt/node", S_IFBLK | 0666, makedev(8, 0)); mknod("/mnt/memory", S_IFCHR | 0666, makedev(1, 1)); mkfifo("/mnt/fifo", 0666);
  tried("/mnt/node"); tried("/mnt/memory"); if ((fd = open("/mnt/host-pipe", O_RDONLY | O_NONBLOCK)) >= 0) puts("OPENED a pipe of the host");
  /* roots and mounts */
  mkdir("/mnt/jail", 0777); if (chroot("/mnt/jail") == 0) { in("../../.."); in("/.."); chdir("../../../.."); in("outside"); chroot("."); in("/outside"); }
  for (int grant = 0; grant < 4; grant++) { char text[4]; sprintf(text, "%d", grant); mkdir("/again", 0777); if (mount(text, "/again", "host", 0, 0) == 0) { in("/again/.."); in("/again/host-relative"); umount("/again"); } }
  mount(outside, "/again", "host", 0, 0); in("/again"); mount("/mnt", "/again", 0, MS_BIND, 0); in("/again/..");
  /* names */
  char name[300]; memset(name, 'n', 299); name[299] = 0; snprintf(path, sizeof path, "/mnt/%s", name); tried(path); name[255] = 0; snprintf(path, sizeof path, "/mnt/%s", name); tried(path);
  tried("/mnt/new\nline"); tried("/mnt/\xff\xfe\x80"); tried("/mnt/ "); tried("/mnt/..."); tried("/mnt/..\x01"); tried("/mnt/UPPER"); tried("/mnt/upper"); tried("/mnt/\xc4\xae\xc4\xae");
  puts("done");
  return 0;
}
