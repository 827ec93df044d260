/*
 * Signal-driven I/O as a program sees it: F_SETOWN, F_SETOWN_EX, F_SETSIG, O_ASYNC and FIOASYNC, SIGIO and SIGURG.
 *
 * Each signal is blocked and taken by sigtimedwait, so that nothing depends on when it comes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t all;

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define CALL(call) say(#call, call)

/* The next signal, or that there is none for a while. */
static void next(const char *what, int ms) {
  siginfo_t info;
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  memset(&info, 0, sizeof info);
  int signal = sigtimedwait(&all, &info, &t);
  if (signal < 0) printf("%s: nothing\n", what);
  else if (info.si_code == SI_KERNEL) printf("%s: %s from the kernel\n", what, sigabbrev_np(signal));
  else printf("%s: %s code %d band %lx\n", what, sigabbrev_np(signal), info.si_code, info.si_band);
  fflush(stdout);
}

static void errors(int fd) {
  struct f_owner_ex owner = {7, getpid()};
  CALL(fcntl(fd, F_SETSIG, 65));
  CALL(fcntl(fd, F_SETSIG, -1));
  CALL(fcntl(fd, F_SETOWN, 0x7ffffffe));
  CALL(fcntl(fd, F_SETOWN, -0x7ffffffe));
  CALL(fcntl(fd, F_SETOWN_EX, &owner));
  CALL(fcntl(fd, F_SETOWN_EX, (void *)1));
  CALL(fcntl(fd, F_GETOWN));
  CALL(fcntl(fd, F_GETSIG));
  owner.type = F_OWNER_PID;
  owner.pid = 0;
  CALL(fcntl(fd, F_SETOWN_EX, &owner));
  int event = eventfd(0, 0), file = open("plain", O_RDWR | O_CREAT, 0600);
  CALL(fcntl(event, F_SETFL, O_ASYNC));
  CALL(fcntl(file, F_SETFL, O_ASYNC));
  printf("kept: %d %d\n", (fcntl(event, F_GETFL) & O_ASYNC) != 0, (fcntl(file, F_GETFL) & O_ASYNC) != 0);
  close(event);
  close(file);
  unlink("plain");
}

static void pipes(void) {
  int p[2];
  char c[16];
  struct f_owner_ex owner;
  pipe(p);
  errors(p[0]);
  CALL(fcntl(p[0], F_SETFL, O_ASYNC));
  printf("shown: %d\n", (fcntl(p[0], F_GETFL) & O_ASYNC) != 0);
  write(p[1], "a", 1);
  next("nobody's", 20);
  read(p[0], c, 1);
  CALL(fcntl(p[0], F_SETOWN, getpid()));
  printf("owner: %d\n", fcntl(p[0], F_GETOWN) == getpid());
  write(p[1], "a", 1);
  next("plain", 1000);
  read(p[0], c, 1);
  CALL(fcntl(p[0], F_SETSIG, SIGUSR1));
  CALL(fcntl(p[0], F_GETSIG));
  write(p[1], "a", 1);
  next("with a cause", 1000);
  read(p[0], c, 1);
  next("once", 20);
  fcntl(p[0], F_SETOWN, -getpgrp());
  printf("group: %d\n", fcntl(p[0], F_GETOWN) == -getpgrp());
  write(p[1], "a", 1);
  next("to the group", 1000);
  read(p[0], c, 1);
  fcntl(p[0], F_GETOWN_EX, &owner);
  printf("as it was set: %d %d\n", owner.type, owner.pid == getpgrp());
  if (fork() == 0) {
    write(p[1], "b", 1);
    _exit(0);
  }
  wait(NULL);
  next("from a child", 1000);
  read(p[0], c, 1);
  int off = 0;
  CALL(ioctl(p[0], FIOASYNC, &off));
  write(p[1], "a", 1);
  next("off", 20);
  read(p[0], c, 1);
  off = 1;
  CALL(ioctl(p[0], FIOASYNC, &off));
  close(p[1]);
  next("closed", 1000);
  close(p[0]);
}

static void writers(void) {
  int p[2];
  static char page[4096];
  pipe(p);
  fcntl(p[1], F_SETFL, O_ASYNC | O_NONBLOCK);
  fcntl(p[1], F_SETOWN, getpid());
  fcntl(p[1], F_SETSIG, SIGUSR1);
  while (write(p[1], page, sizeof page) > 0);
  next("full", 20);
  for (int i = 0; i < 16; i++) read(p[0], page, sizeof page);
  next("room", 1000);
  while (sigtimedwait(&all, NULL, &(struct timespec){0, 0}) > 0);
  close(p[0]);
  close(p[1]);
}

static void sockets(void) {
  int s[2];
  char c;
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  CALL(fcntl(s[0], F_SETFL, O_ASYNC));
  CALL(fcntl(s[0], F_SETOWN, getpid()));
  write(s[1], "x", 1);
  next("socket", 1000);
  read(s[0], &c, 1);
  close(s[0]);
  close(s[1]);

  struct sockaddr_in at = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (void *)&at, sizeof at);
  getsockname(listener, (void *)&at, &size);
  listen(listener, 1);
  CALL(connect(out, (void *)&at, sizeof at));
  int in = accept(listener, NULL, NULL);
  CALL(fcntl(in, F_SETOWN, getpid()));
  CALL(send(out, "u", 1, MSG_OOB));
  next("urgent", 1000);
  CALL(recv(in, &c, 1, MSG_OOB));
  next("once", 20);
  close(in);
  close(out);
  close(listener);
}

static pid_t other;
static void *thread(void *sync) {
  int *fds = sync;
  char c;
  other = gettid();
  write(fds[1], "r", 1);
  next("in the thread", 2000);
  return NULL;
}

static void threads(void) {
  int p[2], ready[2];
  char c;
  pthread_t id;
  pipe(p);
  pipe(ready);
  pthread_create(&id, NULL, thread, ready);
  read(ready[0], &c, 1);
  struct f_owner_ex owner = {F_OWNER_TID, other};
  CALL(fcntl(p[0], F_SETOWN_EX, &owner));
  fcntl(p[0], F_SETFL, O_ASYNC);
  fcntl(p[0], F_SETSIG, SIGUSR1);
  write(p[1], "a", 1);
  pthread_join(id, NULL);
  next("not in the process", 20);
}

/* Who has lost root may signal nobody of root's any more; who it was when the owner was set counts. */
static void rights(void) {
  int p[2];
  pid_t parent = getpid();
  char c;
  pipe(p);
  fcntl(p[0], F_SETFL, O_ASYNC);
  if (fork() == 0) {
    if (setresuid(1000, 1000, 1000) != 0) _exit(1);
    fcntl(p[0], F_SETOWN, parent);
    _exit(0);
  }
  wait(NULL);
  write(p[1], "a", 1);
  next("set by another user", 20);
  read(p[0], &c, 1);
  fcntl(p[0], F_SETOWN, parent);
  write(p[1], "a", 1);
  next("set by root", 1000);
}

int main(void) {
  setpgid(0, 0);
  sigemptyset(&all);
  sigaddset(&all, SIGUSR1);
  sigaddset(&all, SIGIO);
  sigaddset(&all, SIGURG);
  sigprocmask(SIG_BLOCK, &all, NULL);
  pipes();
  writers();
  sockets();
  threads();
  rights();
  return 0;
}
