/*
 * A call that waits goes on with the open file that it began with, though another thread closes or replaces the descriptor.
 *
 * Nothing that it prints depends on how fast the machine is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) < 0) continue;
}

static int fds[2], other[2], fd;
static long (*action)(void);
static long result;
static int error;
static pthread_t thread;
static void *act(void *nothing) {
  result = action();
  error = errno;
  return NULL;
}
static void begin(int waits_on, long (*what)(void)) {
  fd = waits_on;
  action = what;
  pthread_create(&thread, NULL, act, NULL);
  pause_ms(30);
}
static void end(const char *what) {
  pthread_join(thread, NULL);
  errno = error;
  say(what, result);
}

static char buffer[70000];
static long do_read(void) { return read(fd, buffer, 10); }
static long do_write(void) { return write(fd, buffer, 70000); }
static long do_readv(void) {
  struct iovec vector = {buffer, 10};
  return readv(fd, &vector, 1);
}
static long do_recv(void) { return recv(fd, buffer, 10, 0); }
static long do_accept(void) {
  int made = accept(fd, NULL, NULL);
  return made < 0 ? made : 0;
}
static long do_poll(void) {
  struct pollfd one = {fd, POLLIN};
  long count = poll(&one, 1, 2000);
  return count < 0 ? count : count * 1000 + one.revents;
}
static long do_select(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  return select(fd + 1, &set, NULL, NULL, NULL);
}
static long do_epoll(void) {
  struct epoll_event event;
  return epoll_wait(fd, &event, 1, 2000);
}
static long do_mq(void) { return mq_receive(fd, buffer, 8192, NULL); }
static long do_flock(void) { return flock(fd, LOCK_EX); }

static void handler(int signal) {}

static void pipes(void) {
  pipe(fds);
  begin(fds[0], do_read);
  close(fds[0]);
  say("write to a pipe whose reader waits", write(fds[1], "abc", 3));
  end("read of a closed descriptor");
  signal(SIGPIPE, SIG_IGN);
  say("write when it is done", write(fds[1], "abc", 3));
  close(fds[1]);

  pipe(fds);
  pipe(other);
  begin(fds[0], do_readv);
  dup2(other[0], fds[0]);
  write(other[1], "wrong", 5);
  write(fds[1], "right", 5);
  end("readv of a replaced descriptor");
  printf("%.5s\n", buffer);
  close(fds[0]), close(fds[1]), close(other[1]);

  pipe(fds);
  begin(fds[1], do_write);
  close(fds[1]);
  long sum = 0, count;
  while ((count = read(fds[0], buffer, sizeof buffer)) > 0) sum += count;
  end("write to a closed descriptor");
  printf("%ld came through\n", sum);
  close(fds[0]);

  pipe(fds);
  begin(fds[0], do_poll);
  close(fds[0]);
  write(fds[1], "x", 1);
  end("poll of a closed descriptor");
  close(fds[1]);

  pipe(fds);
  begin(fds[0], do_select);
  close(fds[0]);
  close(fds[1]);
  end("select of a closed descriptor");

  pipe(fds);
  struct sigaction quiet = {.sa_handler = handler};
  sigaction(SIGUSR1, &quiet, NULL);
  begin(fds[0], do_read);
  close(fds[0]);
  pthread_kill(thread, SIGUSR1);
  end("read, signal");
  say("write to nobody", write(fds[1], "x", 1));
  close(fds[1]);

  quiet.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &quiet, NULL);
  pipe(fds);
  begin(fds[0], do_read);
  close(fds[0]);
  pthread_kill(thread, SIGUSR1);
  end("read, signal, restarted");
  close(fds[1]);
}

static void sockets(void) {
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  begin(fds[0], do_recv);
  close(fds[0]);
  say("send", send(fds[1], "hello", 5, MSG_NOSIGNAL));
  end("recv of a closed descriptor");
  pause_ms(10);
  say("send when it is done", send(fds[1], "hello", 5, MSG_NOSIGNAL));
  close(fds[1]);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, sizeof address);
  getsockname(listener, (struct sockaddr *)&address, &length);
  listen(listener, 1);
  begin(listener, do_accept);
  close(listener);
  say("connect", connect(client, (struct sockaddr *)&address, sizeof address));
  end("accept of a closed descriptor");
  close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  say("connect when it is done", connect(client, (struct sockaddr *)&address, sizeof address));
  close(client);
}

static void others(void) {
  int counter = eventfd(0, 0), copy = dup(counter);
  begin(counter, do_read);
  close(counter);
  say("write to an eventfd", write(copy, &(uint64_t){5}, 8));
  end("read of an eventfd");

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &event);
  begin(epoll, do_epoll);
  close(epoll);
  write(copy, &(uint64_t){5}, 8);
  end("epoll_wait of a closed descriptor");
  close(copy);

  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8192};
  mq_unlink("/held");
  mqd_t queue = mq_open("/held", O_CREAT | O_RDWR, 0600, &attributes), again = mq_open("/held", O_RDWR);
  begin(queue, do_mq);
  mq_close(queue);
  say("mq_send", mq_send(again, "four", 4, 0));
  end("mq_receive of a closed descriptor");
  mq_close(again);
  mq_unlink("/held");

  int first = open("held", O_CREAT | O_RDWR, 0600), second = open("held", O_RDWR), third = open("held", O_RDWR);
  flock(first, LOCK_EX);
  begin(second, do_flock);
  close(second);
  flock(first, LOCK_UN);
  end("flock of a closed descriptor");
  say("lock after that", flock(third, LOCK_EX | LOCK_NB));
  unlink("held");
}

int main(void) {
  pipes();
  sockets();
  others();
  return 0;
}
