/*
 * Pipes of packets (O_DIRECT): what one write puts in one read takes or loses.
 *
 * Nothing that it prints depends on how fast the machine is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char buffer[70000];
static int fds[2];

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void get(const char *what, int size) {
  memset(buffer, 0, 64);
  long count = read(fds[0], buffer, size);
  if (count < 0) say(what, count);
  else printf("%s: %ld %.20s\n", what, count, buffer);
}
static int ready(int fd) {
  struct pollfd one = {fd, POLLIN | POLLOUT};
  poll(&one, 1, 0);
  return one.revents;
}

int main(void) {
  int held;
  say("pipe2", pipe2(fds, O_DIRECT | O_NONBLOCK | O_CLOEXEC));
  printf("flags %d %d\n", (fcntl(fds[0], F_GETFL) & O_DIRECT) != 0, (fcntl(fds[1], F_GETFL) & O_DIRECT) != 0);
  write(fds[1], "one", 3), write(fds[1], "second", 6), write(fds[1], "", 0), write(fds[1], "x", 1);
  ioctl(fds[0], FIONREAD, &held);
  printf("held %d\n", held);
  get("whole", 100), get("part", 3), get("next", 100), get("none", 100);
  memset(buffer, 'p', sizeof buffer);
  say("long write", write(fds[1], buffer, 10000));
  get("first", 9000), get("second", 9000), get("third", 9000);

  int count = 0;
  while (write(fds[1], "p", 1) == 1) count++;
  printf("%d packets fill it, ready %x\n", count, ready(fds[1]));
  say("one more", write(fds[1], "p", 1));
  get("one", 10);
  printf("ready %x\n", ready(fds[1]));
  while (read(fds[0], buffer, 10) > 0) continue;

  fcntl(fds[1], F_SETFL, O_NONBLOCK);
  write(fds[1], "stream", 6);
  fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT);
  write(fds[1], "packet", 6);
  fcntl(fds[1], F_SETFL, O_NONBLOCK);
  get("some of the stream", 3), get("the rest", 3), get("some of the packet", 4);
  write(fds[1], "more", 4);
  get("more", 10);
  fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT);
  write(fds[1], "last", 4);
  close(fds[1]);
  get("last", 10), get("end", 10);
  return 0;
}
