/*
 * Exchanges of every shape at once: request and reply over pipes and sockets, streams, and a program that only computes.
 *
 * What each says does not depend on who runs when; the parent prints it in order of the kinds.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int rounds;

static void all(int fd, char *bytes, size_t count, int writes) {
  for (size_t done = 0; done < count;) {
    ssize_t n = writes ? write(fd, bytes + done, count - done) : read(fd, bytes + done, count - done);
    if (n <= 0) _exit(3);
    done += n;
  }
}

/* Two processes that answer each other; each answer is computed from the request. */
static unsigned talk(int ask, int hear, int listen, int answer) {
  unsigned word = 1;
  if (fork() == 0) {
    for (int i = 0; i < rounds; i++) {
      all(listen, (char *)&word, 4, 0);
      word = word * 1664525 + 1013904223;
      all(answer, (char *)&word, 4, 1);
    }
    _exit(0);
  }
  for (int i = 0; i < rounds; i++) {
    all(ask, (char *)&word, 4, 1);
    all(hear, (char *)&word, 4, 0);
    word ^= i;
  }
  wait(NULL);
  return word;
}

static unsigned pipes(void) {
  int a[2], b[2];
  pipe(a);
  pipe(b);
  return talk(a[1], b[0], a[0], b[1]);
}

static unsigned sockets(int type) {
  int a[2];
  socketpair(AF_UNIX, type, 0, a);
  return talk(a[0], a[0], a[1], a[1]);
}
static unsigned streams(void) { return sockets(SOCK_STREAM); }
static unsigned packets(void) { return sockets(SOCK_SEQPACKET); }

/* As by streams, but each asks an epoll before it reads. */
static void await(int fd) {
  static int epoll = -1;
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll < 0) {
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  if (epoll_wait(epoll, &event, 1, -1) != 1) _exit(4);
}

static unsigned polled(void) {
  int ends[2];
  unsigned word = 1;
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  pid_t child = fork();
  int own = ends[child == 0];
  for (int i = 0; i < rounds; i++) {
    if (child != 0) all(own, (char *)&word, 4, 1);
    await(own);
    all(own, (char *)&word, 4, 0);
    word = word * 1664525 + i;
    if (child == 0) all(own, (char *)&word, 4, 1);
  }
  if (child == 0) _exit(0);
  wait(NULL);
  return word;
}

/* Messages to and fro that are larger than what a socket holds. */
static unsigned rally(void) {
  static unsigned char bytes[600000];
  int ends[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  pid_t child = fork();
  int own = ends[child == 0];
  for (int i = 0; i < rounds / 5; i++) {
    for (int back = 0; back < 2; back++) {
      int writes = (child != 0) != back;
      if (writes) bytes[i * 7919 % sizeof bytes] += i + 1 + back;
      all(own, (char *)bytes, sizeof bytes, writes);
    }
  }
  if (child == 0) _exit(0);
  unsigned sum = 0;
  for (int i = 0; i < sizeof bytes; i += 7919) sum = sum * 31 + bytes[i];
  wait(NULL);
  return sum;
}

/* One way, through a filter that reads and writes in turn. */
static unsigned stream(void) {
  int a[2], b[2];
  pipe(a);
  pipe(b);
  if (fork() == 0) {
    char line[100];
    for (int i = 0; i < rounds * 3; i++) {
      memset(line, i, sizeof line);
      all(a[1], line, sizeof line, 1);
    }
    _exit(0);
  }
  if (fork() == 0) {
    char block[100];
    for (int i = 0; i < rounds * 3; i++) {
      all(a[0], block, sizeof block, 0);
      block[0] ^= 1;
      all(b[1], block, sizeof block, 1);
    }
    _exit(0);
  }
  unsigned sum = 0;
  for (int i = 0; i < rounds * 3; i++) {
    unsigned char block[100];
    all(b[0], (char *)block, sizeof block, 0);
    for (int j = 0; j < 100; j++) sum = sum * 31 + block[j];
  }
  while (wait(NULL) > 0) {}
  return sum;
}

static unsigned large(void) {
  static char bytes[300000];
  int a[2];
  pipe(a);
  if (fork() == 0) {
    for (int i = 0; i < sizeof bytes; i++) bytes[i] = i * 7;
    all(a[1], bytes, sizeof bytes, 1);
    _exit(0);
  }
  all(a[0], bytes, sizeof bytes, 0);
  unsigned sum = 0;
  for (int i = 0; i < sizeof bytes; i++) sum = sum * 31 + (unsigned char)bytes[i];
  wait(NULL);
  return sum;
}

static unsigned spin(void) {
  unsigned word = 1;
  for (int i = 0; i < rounds * 3000; i++) word = word * 1664525 + 1013904223;
  return word;
}

/* Exchanges of one kind beside two programs that compute, in microseconds of the whole. */
static int late(unsigned (*kind)(void)) {
  pid_t busy[2];
  struct timespec from, to;
  for (int i = 0; i < 2; i++) {
    if ((busy[i] = fork()) == 0) for (;;) {}
  }
  clock_gettime(CLOCK_MONOTONIC, &from);
  kind();
  clock_gettime(CLOCK_MONOTONIC, &to);
  for (int i = 0; i < 2; i++) kill(busy[i], SIGKILL);
  printf("%ld\n", (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
  return 0;
}

int main(int count, char **arguments) {
  static unsigned (*const kinds[])(void) = {pipes, streams, packets, stream, large, spin, polled, rally};
  enum { KINDS = sizeof kinds / sizeof kinds[0] };
  int results[KINDS][2];
  rounds = count > 1 ? atoi(arguments[1]) : 50;
  if (count > 2) return late(kinds[atoi(arguments[2])]);
  for (int i = 0; i < KINDS; i++) {
    pipe(results[i]);
    if (fork() == 0) {
      unsigned result = kinds[i]();
      write(results[i][1], &result, 4);
      _exit(0);
    }
  }
  for (int i = 0; i < KINDS; i++) {
    unsigned result = 0;
    read(results[i][0], &result, 4);
    printf("%d: %08x\n", i, result);
  }
  while (wait(NULL) > 0) {}
  return 0;
}
