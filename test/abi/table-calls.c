/*
 * What there is to ask of open files besides: F_CREATED_QUERY, and news of mounts by poll(2) and epoll(7).
 *
 * In an empty folder, as root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CREATED_QUERY 1028

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define CALL(call) say(#call, call)

static void created(void) {
  int made = open("made", O_CREAT | O_RDONLY, 0600);
  CALL(fcntl(made, CREATED_QUERY));
  CALL(fcntl(dup(made), CREATED_QUERY));
  CALL(fcntl(open("made", O_CREAT | O_RDONLY, 0600), CREATED_QUERY));
  CALL(fcntl(open("made", O_RDONLY), CREATED_QUERY));
  CALL(fcntl(open("/dev/null", O_RDONLY), CREATED_QUERY));
  unlink("made");
}

static int news(int table, int ms) {
  struct pollfd wanted = {table, POLLPRI, 0};
  return poll(&wanted, 1, ms) < 0 ? -errno : wanted.revents;
}

static void tables(void) {
  struct epoll_event event = {EPOLLPRI};
  int table = open("/proc/self/mounts", O_RDONLY), other = open("/proc/self/mountinfo", O_RDONLY);
  int ep = epoll_create1(0), status = open("/proc/self/status", O_RDONLY);
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, other, &event));
  CALL(epoll_ctl(ep, EPOLL_CTL_ADD, status, &event));
  struct pollfd plain = {table, POLLIN | POLLOUT, 0};
  CALL(poll(&plain, 1, 0));
  printf("%x\n", plain.revents);
  mkdir("place", 0700);
  CALL(news(table, 0));
  CALL(mount("none", "place", "tmpfs", 0, NULL));
  printf("mounted: %x\n", news(table, 1000));
  printf("once: %x\n", news(table, 10));
  CALL(epoll_wait(ep, &event, 1, 1000));
  printf("%x\n", event.events);
  CALL(epoll_wait(ep, &event, 1, 10));
  if (fork() == 0) {
    usleep(20000);
    _exit(mount("none", "place", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0);
  }
  CALL(epoll_wait(ep, &event, 1, 5000));
  wait(NULL);
  printf("mounted anew: %x\n", news(table, 1000));
  CALL(umount("place"));
  printf("unmounted: %x\n", news(table, 1000));
  CALL(epoll_wait(ep, &event, 1, 1000));
  printf("opened behind it: %x\n", news(open("/proc/self/mounts", O_RDONLY), 10));
  rmdir("place");
}

int main(void) {
  created();
  tables();
  return 0;
}
