/* Random calls on a pool of sockets, epolls and eventfds that know each other: valid more often than not.
 *
 * usage: socket-fuzz SEED CALLS   Prints "calls N good G sum S" at the end: how many did not fail,
 * and a number made of all results. Nothing waits. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { POOL = 24, PORT = 7000 };
static uint64_t state;
static unsigned below(unsigned n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned)((state * 0x2545F4914F6CDD1Dull) >> 33) % n;
}
static int pool[POOL];
static char bytes[70000];

static socklen_t address(struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  switch (below(5)) {
    case 0: {
      struct sockaddr_un *a = (void *)to;
      a->sun_family = AF_UNIX;
      sprintf(a->sun_path, "socket-%u", below(3));
      return sizeof *a;
    }
    case 1: {
      struct sockaddr_un *a = (void *)to;
      a->sun_family = AF_UNIX;
      sprintf(a->sun_path + 1, "name-%u", below(3));
      return offsetof(struct sockaddr_un, sun_path) + 7;
    }
    case 2: {
      struct sockaddr_in6 *a = (void *)to;
      a->sin6_family = AF_INET6;
      a->sin6_port = htons(PORT + below(4));
      if (below(2)) a->sin6_addr = in6addr_loopback;
      return sizeof *a;
    }
    default: {
      struct sockaddr_in *a = (void *)to;
      a->sin_family = below(20) == 0 ? AF_UNSPEC : AF_INET;
      a->sin_port = htons(below(4) == 0 ? 0 : PORT + below(4));
      a->sin_addr.s_addr = htonl(below(4) == 0 ? INADDR_ANY : INADDR_LOOPBACK + below(2));
      return sizeof *a;
    }
  }
}

static void keep(int fd) {
  if (fd < 0) return;
  int at = below(POOL);
  if (pool[at] > 2) close(pool[at]);
  pool[at] = fd;
}

static long send_message(int fd) {
  struct sockaddr_storage to;
  char control[CMSG_SPACE(3 * sizeof(int))] = "";
  struct iovec iov = {bytes, below(3) == 0 ? below(sizeof bytes) : below(600)};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
  if (below(3) == 0) m.msg_name = &to, m.msg_namelen = address(&to);
  if (below(2)) {
    int count = 1 + below(3), fds[3];
    for (int i = 0; i < 3; i++) fds[i] = pool[below(POOL)];
    m.msg_control = control;
    m.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  }
  return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long receive_message(int fd) {
  char control[256];
  struct sockaddr_storage from;
  struct iovec iov = {bytes, below(2) ? below(sizeof bytes) : below(600)};
  struct msghdr m = {&from, sizeof from, &iov, 1, control, below(sizeof control), 0};
  long n = recvmsg(fd, &m, MSG_DONTWAIT | (below(6) == 0 ? MSG_PEEK : 0));
  if (n < 0) return n;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_type != SCM_RIGHTS) continue;
    for (unsigned i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) keep(((int *)CMSG_DATA(c))[i]);
  }
  return n * 16 + m.msg_flags;
}

static long step(void) {
  static const int families[] = {AF_UNIX, AF_UNIX, AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  static const int options[] = {SO_REUSEADDR, SO_REUSEPORT, SO_PASSCRED, SO_SNDBUF, SO_RCVBUF, SO_LINGER, SO_KEEPALIVE};
  struct sockaddr_storage a;
  struct epoll_event events[8];
  int fd = pool[below(POOL)], other = pool[below(POOL)], pair[2], value[2] = {(int)below(9000), 0};
  socklen_t size = sizeof a;
  switch (below(24)) {
    case 0: keep(socket(families[below(4)], types[below(4)] | SOCK_NONBLOCK, 0)); return 0;
    case 1:
      if (socketpair(AF_UNIX, types[below(4)] | SOCK_NONBLOCK, 0, pair) == 0) keep(pair[0]), keep(pair[1]);
      return 0;
    case 2: size = address(&a); return bind(fd, (void *)&a, size);
    case 3: return listen(fd, below(4));
    case 4: case 5: size = address(&a); return connect(fd, (void *)&a, size);
    case 6: case 7: keep(accept4(fd, NULL, NULL, SOCK_NONBLOCK)); return 0;
    case 8: case 9: case 10: return send_message(fd);
    case 11: case 12: case 13: return receive_message(fd);
    case 14: return write(fd, bytes, below(2000));
    case 15: return read(fd, bytes, below(2000));
    case 16: return shutdown(fd, below(3));
    case 17: keep(dup(fd)); return 0;
    case 18: keep(below(2) ? epoll_create1(0) : eventfd(below(3), EFD_NONBLOCK)); return 0;
    case 19:
      events[0] = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | (below(2) ? EPOLLET : 0) | (below(4) ? 0 : EPOLLONESHOT)};
      return epoll_ctl(fd, 1 + below(3), other, events);
    case 20: return epoll_wait(fd, events, 8, 0);
    case 21: return setsockopt(fd, SOL_SOCKET, options[below(7)], value, sizeof value);
    case 22: return getpeername(fd, (void *)&a, &size) * 256 + getsockname(fd, (void *)&a, &size);
    default: {
      struct pollfd p[3] = {{fd, 0xffff, 0}, {other, POLLIN, 0}, {pool[below(POOL)], POLLOUT, 0}};
      unlink(below(2) ? "socket-0" : "socket-1");
      return poll(p, 3, 0) * 65536 + p[0].revents + p[1].revents + p[2].revents;
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  state = strtoull(argv[1], 0, 0) * 0x9E3779B97F4A7C15ull + 1;
  signal(SIGPIPE, SIG_IGN);
  mkdir("/tmp/sockets", 0777);
  if (chdir("/tmp/sockets") != 0) return 3;
  memset(pool, -1, sizeof pool);
  uint64_t sum = 0;
  long good = 0;
  for (long i = 0, n = atol(argv[2]); i < n; i++) {
    long result = step();
    good += result >= 0;
    sum = sum * 31 + (uint64_t)(result < 0 ? -errno : result);
  }
  for (int i = 0; i < POOL; i++)
    if (pool[i] > 2) close(pool[i]);
  printf("calls %s good %ld sum %llx\n", argv[2], good, (unsigned long long)sum);
  return 0;
}
