/*
 * What Linux promises of AF_UNIX sockets and of TCP and UDP over the loopback, line by line.
 *
 * Run in an empty directory. Prints results, error numbers and poll bits; ports and times are checked, not printed.
 * socket-calls.expected is what Linux answers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static long said(long result) { return result < 0 ? -errno : result; }
#define SAY(what, result) printf("%s %ld\n", what, said(result))

static char buf[400000];
static int ready(int fd, int events) {
  struct pollfd p = {fd, events, 0};
  poll(&p, 1, 0);
  return p.revents;
}
#define ALL (POLLIN | POLLOUT | POLLRDHUP)
static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) < 0 ? -errno : value;
}
static void got(const char *what, long n) {
  n = said(n);
  printf("%s %ld '%.*s'\n", what, n, n > 0 && n < 60 ? (int)n : 0, buf);
}
static struct sockaddr_un un(const char *path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  strcpy(a.sun_path, path);
  return a;
}
static socklen_t abstract(struct sockaddr_un *a, const char *name) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  strcpy(a->sun_path + 1, name);
  return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}
static void show(const char *what, struct sockaddr_un *a, socklen_t n) {
  printf("%s length %d family %d '%s%s'\n", what, n, a->sun_family, n > 2 && !a->sun_path[0] ? "@" : "",
         n > 2 ? a->sun_path + !a->sun_path[0] : "");
}

static void errors(void) {
  puts("# errors");
  SAY("family", socket(99, SOCK_STREAM, 0));
  SAY("type", socket(AF_UNIX, 7, 0));
  SAY("type", socket(AF_INET, SOCK_SEQPACKET, 0));
  SAY("protocol", socket(AF_UNIX, SOCK_STREAM, 9));
  SAY("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  SAY("pair", socketpair(AF_INET, SOCK_STREAM, 0, (int *)buf));
  int p[2];
  pipe(p);
  SAY("not a socket", listen(p[0], 1));
  SAY("closed", listen(99, 1));
  SAY("not a socket", send(p[1], "x", 1, 0));
  close(p[0]), close(p[1]);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  printf("fresh poll %x\n", ready(s, ALL));
  SAY("unconnected send", send(s, "x", 1, MSG_NOSIGNAL));
  SAY("unconnected recv", recv(s, buf, 9, 0));
  SAY("unbound listen", listen(s, 1));
  SAY("not listening", accept(s, 0, 0));
  struct sockaddr_un a = un("absent");
  SAY("absent", connect(s, (void *)&a, sizeof a));
  a = un("file");
  close(open("file", O_CREAT | O_WRONLY, 0600));
  SAY("a file", connect(s, (void *)&a, sizeof a));
  SAY("short", connect(s, (void *)&a, 1));
  a.sun_family = AF_INET;
  SAY("family", bind(s, (void *)&a, sizeof a));
  socklen_t n = sizeof a;
  SAY("peer", getpeername(s, (void *)&a, &n));
  n = sizeof a;
  SAY("name", getsockname(s, (void *)&a, &n));
  show("unnamed", &a, n);
  printf("type %d domain %d protocol %d accepts %d error %d\n", option(s, SOL_SOCKET, SO_TYPE), option(s, SOL_SOCKET, SO_DOMAIN),
         option(s, SOL_SOCKET, SO_PROTOCOL), option(s, SOL_SOCKET, SO_ACCEPTCONN), option(s, SOL_SOCKET, SO_ERROR));
  printf("buffers %d %d\n", option(s, SOL_SOCKET, SO_SNDBUF), option(s, SOL_SOCKET, SO_RCVBUF));
  int value = 10000;
  SAY("set", setsockopt(s, SOL_SOCKET, SO_SNDBUF, &value, sizeof value));
  printf("doubled %d\n", option(s, SOL_SOCKET, SO_SNDBUF));
  value = 1;
  setsockopt(s, SOL_SOCKET, SO_SNDBUF, &value, sizeof value);
  printf("least %d\n", option(s, SOL_SOCKET, SO_SNDBUF));
  SAY("short", setsockopt(s, SOL_SOCKET, SO_SNDBUF, &value, 2));
  SAY("unknown", setsockopt(s, SOL_SOCKET, 999, &value, sizeof value));
  SAY("level", setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
  struct stat st;
  fstat(s, &st);
  printf("mode %o\n", st.st_mode);
  SAY("seek", lseek(s, 0, SEEK_SET));
  close(s);
}

static void streams(void) {
  puts("# stream pair");
  int s[2], n;
  SAY("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  printf("poll %x\n", ready(s[0], ALL));
  SAY("send", send(s[0], "hello ", 6, 0));
  SAY("write", write(s[0], "world", 5));
  ioctl(s[1], FIONREAD, &n);
  printf("FIONREAD %d poll %x\n", n, ready(s[1], ALL));
  got("peek", recv(s[1], buf, 5, MSG_PEEK));
  got("recv", recv(s[1], buf, 60, 0));
  got("none", recv(s[1], buf, 60, MSG_DONTWAIT));
  SAY("to an address", sendto(s[0], "x", 1, 0, (void *)buf, 9));
  SAY("nothing", send(s[0], "", 0, 0));
  struct iovec iov[3] = {{"one ", 4}, {"two ", 4}, {"three", 5}};
  SAY("writev", writev(s[0], iov, 3));
  struct iovec into[2] = {{buf, 2}, {buf + 2, 50}};
  got("readv", readv(s[1], into, 2));
  if (fork() == 0) {
    usleep(2000);
    write(s[0], "abc", 3);
    usleep(2000);
    write(s[0], "defg", 4);
    _exit(0);
  }
  got("wait for all", recv(s[1], buf, 7, MSG_WAITALL));
  wait(0);
  SAY("shut", shutdown(s[0], SHUT_WR));
  SAY("how", shutdown(s[0], 9));
  got("end", recv(s[1], buf, 9, 0));
  printf("polls %x %x\n", ready(s[0], ALL), ready(s[1], ALL));
  SAY("broken", send(s[0], "x", 1, MSG_NOSIGNAL));
  SAY("the other way", send(s[1], "back", 4, 0));
  got("half closed", recv(s[0], buf, 9, 0));
  SAY("left unread", send(s[1], "more", 4, 0));
  close(s[0]);
  printf("poll %x\n", ready(s[1], ALL));
  SAY("reset", recv(s[1], buf, 9, 0));
  got("then the end", recv(s[1], buf, 9, 0));
  SAY("gone", send(s[1], "x", 1, MSG_NOSIGNAL));
  pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    write(s[1], "x", 1);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("signal %d\n", WTERMSIG(status));
  close(s[1]);

  puts("# back-pressure");
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  long sent = 0, r;
  while ((r = write(s[0], buf, 10000)) > 0) sent += r;
  printf("full %ld enough %d poll %x\n", said(r), sent > 50000, ready(s[0], POLLOUT));
  long read_ = 0;
  while ((r = read(s[1], buf, 30000)) > 0) read_ += r;
  printf("drained %d poll %x\n", read_ == sent, ready(s[0], POLLOUT));
  fcntl(s[0], F_SETFL, 0);
  fcntl(s[1], F_SETFL, 0);
  child = fork();
  if (child == 0) {
    memset(buf, 'q', sizeof buf);
    printf("a large write %ld\n", said(write(s[0], buf, sizeof buf)));
    _exit(0);
  }
  for (read_ = 0; read_ < (long)sizeof buf; read_ += r) {
    r = read(s[1], buf, 7777);
    if (r <= 0 || buf[0] != 'q' || buf[r - 1] != 'q') break;
  }
  wait(0);
  printf("read %d\n", read_ == (long)sizeof buf);
  struct timeval tv = {0, 20000};
  SAY("time-out", setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  SAY("expires", recv(s[1], buf, 9, 0));
  close(s[0]);
  close(s[1]);
}

static void messages(int type, const char *name) {
  printf("# %s pair\n", name);
  int s[2], n;
  socketpair(AF_UNIX, type, 0, s);
  printf("poll %x\n", ready(s[0], ALL));
  SAY("send", send(s[0], "first", 5, 0));
  SAY("send", send(s[0], "", 0, 0));
  SAY("send", send(s[0], "third", 5, 0));
  ioctl(s[1], FIONREAD, &n);
  printf("FIONREAD %d\n", n);
  got("peek", recv(s[1], buf, 3, MSG_PEEK));
  got("whole length", recv(s[1], buf, 3, MSG_TRUNC | MSG_PEEK));
  struct iovec iov = {buf, 2};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
  got("recvmsg", recvmsg(s[1], &m, 0));
  printf("flags %x\n", m.msg_flags);
  got("empty", recv(s[1], buf, 9, 0));
  got("third", recv(s[1], buf, 9, 0));
  got("none", recv(s[1], buf, 9, MSG_DONTWAIT));
  SAY("too long", send(s[0], buf, 300000, 0));
  struct mmsghdr mm[3] = {0};
  struct iovec parts[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
  for (int i = 0; i < 3; i++) mm[i].msg_hdr.msg_iov = &parts[i], mm[i].msg_hdr.msg_iovlen = 1;
  SAY("sendmmsg", sendmmsg(s[0], mm, 3, 0));
  printf("lengths %u %u %u\n", mm[0].msg_len, mm[1].msg_len, mm[2].msg_len);
  for (int i = 0; i < 3; i++) parts[i].iov_base = buf + 10 * i, parts[i].iov_len = 10;
  SAY("recvmmsg", recvmmsg(s[1], mm, 3, MSG_DONTWAIT, 0));
  printf("lengths %u %u %u\n", mm[0].msg_len, mm[1].msg_len, mm[2].msg_len);
  shutdown(s[0], SHUT_WR);
  SAY("shut", send(s[0], "x", 1, MSG_NOSIGNAL));
  close(s[0]);
  printf("poll %x\n", ready(s[1], ALL));
  SAY("gone", send(s[1], "x", 1, MSG_NOSIGNAL));
  SAY("gone", send(s[1], "x", 1, MSG_NOSIGNAL));
  close(s[1]);
}

static void names(void) {
  puts("# names");
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un a = un("sock"), b;
  SAY("bind", bind(server, (void *)&a, sizeof a));
  SAY("again", bind(server, (void *)&a, sizeof a));
  struct stat st;
  stat("sock", &st);
  printf("type %o\n", st.st_mode & S_IFMT);
  SAY("open", open("sock", O_RDWR));
  int other = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY("in use", bind(other, (void *)&a, sizeof a));
  SAY("refused", connect(client, (void *)&a, sizeof a));
  SAY("listen", listen(server, 1));
  printf("accepts %d poll %x\n", option(server, SOL_SOCKET, SO_ACCEPTCONN), ready(server, ALL));
  int d = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY("other type", connect(d, (void *)&a, sizeof a));
  SAY("connect", connect(client, (void *)&a, sizeof a));
  SAY("again", connect(client, (void *)&a, sizeof a));
  printf("polls %x %x\n", ready(server, ALL), ready(client, ALL));
  SAY("early", send(client, "early", 5, 0));
  fcntl(other, F_SETFL, O_NONBLOCK);
  SAY("second", connect(other, (void *)&a, sizeof a));
  int third = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY("backlog", connect(third, (void *)&a, sizeof a));
  socklen_t n = sizeof b;
  int conn = accept4(server, (void *)&b, &n, SOCK_CLOEXEC);
  show("from", &b, n);
  printf("close on exec %d\n", fcntl(conn, F_GETFD));
  SAY("room again", connect(third, (void *)&a, sizeof a));
  n = sizeof b;
  getsockname(conn, (void *)&b, &n);
  show("own", &b, n);
  n = sizeof b;
  getpeername(client, (void *)&b, &n);
  show("peer", &b, n);
  n = 4;
  memset(&b, 0, sizeof b);
  getpeername(client, (void *)&b, &n);
  printf("cut: length %d '%s'\n", n, b.sun_path);
  got("recv", recv(conn, buf, 9, 0));
  struct ucred cred;
  n = sizeof cred;
  getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &n);
  printf("peer %d %d\n", cred.pid == getpid(), cred.uid == geteuid());
  close(server);
  SAY("not accepted", recv(other, buf, 9, 0));
  SAY("gone", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof a));
  unlink("sock");
  close(conn);
  got("end", recv(client, buf, 9, 0));
  close(client);
  close(other);
  close(third);

  puts("# abstract");
  server = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  n = abstract(&a, "strake-test");
  SAY("bind", bind(server, (void *)&a, n));
  listen(server, 5);
  client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  SAY("unconnected", send(client, "x", 1, MSG_NOSIGNAL));
  SAY("unconnected", recv(client, buf, 1, 0));
  SAY("connect", connect(client, (void *)&a, n));
  conn = accept(server, 0, 0);
  SAY("send", send(client, "packet", 6, 0));
  got("recv", recv(conn, buf, 60, 0));
  n = sizeof b;
  getpeername(client, (void *)&b, &n);
  show("peer", &b, n);
  close(conn);
  close(client);
  close(server);

  puts("# datagrams");
  server = socket(AF_UNIX, SOCK_DGRAM, 0);
  client = socket(AF_UNIX, SOCK_DGRAM, 0);
  n = abstract(&a, "strake-dgram");
  bind(server, (void *)&a, n);
  SAY("nowhere", send(client, "x", 1, 0));
  SAY("unnamed", sendto(client, "one", 3, 0, (void *)&a, n));
  struct sockaddr_un c;
  socklen_t cn = abstract(&c, "strake-client");
  bind(client, (void *)&c, cn);
  SAY("named", sendto(client, "two", 3, 0, (void *)&a, n));
  socklen_t bn = sizeof b;
  got("recvfrom", recvfrom(server, buf, 60, 0, (void *)&b, &bn));
  printf("length %d\n", bn);
  bn = sizeof b;
  got("recvfrom", recvfrom(server, buf, 60, 0, (void *)&b, &bn));
  show("from", &b, bn);
  SAY("connect", connect(server, (void *)&c, cn));
  SAY("to the peer", send(server, "three", 5, 0));
  got("recv", recv(client, buf, 60, 0));
  int stranger = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  SAY("not its peer", sendto(stranger, "x", 1, 0, (void *)&a, n));
  int i;
  for (i = 0; i < 50 && sendto(stranger, "x", 1, 0, (void *)&c, cn) == 1; i++)
    ;
  SAY("queue full", sendto(stranger, "x", 1, 0, (void *)&c, cn));
  close(server);
  close(client);
  SAY("gone", sendto(stranger, "x", 1, 0, (void *)&c, cn));
  SAY("listen", listen(stranger, 1));
  close(stranger);
}

static long pass(int s, const int *fds, int count, const char *text) {
  char control[CMSG_SPACE(64 * sizeof(int))];
  struct iovec iov = {(void *)text, strlen(text)};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  return said(sendmsg(s, &m, 0));
}
static int take(int s, int room, int flags, int *fds) {
  char control[CMSG_SPACE(64 * sizeof(int)) + 64];
  struct iovec iov = {buf, 60};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  long n = said(recvmsg(s, &m, flags));
  int count = 0;
  printf("got %ld '%.*s' flags %x", n, n > 0 ? (int)n : 0, buf, m.msg_flags);
  if (n >= 0)
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
      if (c->cmsg_type == SCM_RIGHTS) {
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), count * sizeof(int));
        printf(" rights %d", count);
      } else {
        struct ucred *u = (void *)CMSG_DATA(c);
        printf(" credentials %d %d %d", u->pid == getpid(), u->uid == getuid(), u->gid == getgid());
      }
    }
  puts("");
  return count;
}

static void rights(void) {
  puts("# rights");
  int s[2], p[2], fds[64];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  pipe(p);
  printf("pass %ld\n", pass(s[0], p, 2, "pipe"));
  int n = take(s[1], CMSG_SPACE(8), MSG_CMSG_CLOEXEC, fds);
  printf("new %d close on exec %d\n", fds[0] != p[0], fcntl(fds[0], F_GETFD));
  write(fds[1], "through", 7);
  got("pipe", read(p[0], buf, 60));
  close(fds[0]), close(fds[1]);
  write(s[0], "before ", 7);
  pass(s[0], p, 1, "with ");
  write(s[0], "after", 5);
  n = take(s[1], CMSG_SPACE(8), 0, fds);
  while (n > 0) close(fds[--n]);
  n = take(s[1], CMSG_SPACE(8), 0, fds);
  int three[3] = {p[0], p[1], p[0]};
  pass(s[0], three, 3, "three");
  n = take(s[1], CMSG_SPACE(12), 0, fds);
  while (n > 0) close(fds[--n]);
  pass(s[0], three, 1, "none");
  take(s[1], 0, 0, fds);
  pass(s[0], three, 1, "plain");
  got("recv", recv(s[1], buf, 60, 0));
  int bad = 99;
  printf("bad %ld\n", pass(s[0], &bad, 1, "x"));
  pass(s[0], p + 1, 1, "in flight");
  close(p[1]);
  printf("held in flight %x\n", ready(p[0], POLLIN));
  close(s[1]);
  printf("let go %x\n", ready(p[0], POLLIN));
  close(s[0]);
  close(p[0]);

  puts("# a circle");
  pipe(p);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  int self[2] = {s[0], p[1]}, other[1] = {s[1]};
  pass(s[0], self, 2, "myself");
  pass(s[1], other, 1, "itself");
  close(p[1]);
  close(s[0]);
  printf("held %x\n", ready(p[0], POLLIN));
  close(s[1]);
  for (int i = 0; i < 100 && !(ready(p[0], POLLIN) & POLLHUP); i++) {
    usleep(1000);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    close(s[0]), close(s[1]);
  }
  printf("collected %x\n", ready(p[0], POLLIN));
  close(p[0]);

  puts("# credentials");
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  int on = 1;
  setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  printf("on %d\n", option(s[1], SOL_SOCKET, SO_PASSCRED));
  send(s[0], "who", 3, 0);
  take(s[1], 64, 0, fds);
  send(s[0], "who", 3, 0);
  take(s[1], 0, 0, fds);
  struct ucred cred;
  socklen_t size = sizeof cred;
  getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &size);
  printf("peer %d\n", cred.pid == getpid());
  close(s[0]), close(s[1]);
}

static struct sockaddr_in in(unsigned host, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
  return a;
}
static int portOf(int s) {
  struct sockaddr_in6 a;
  socklen_t n = sizeof a;
  getsockname(s, (void *)&a, &n);
  return ntohs(a.sin6_port);
}
static void where(const char *what, int s, int peer) {
  struct sockaddr_storage a;
  socklen_t n = sizeof a;
  char text[64] = "";
  long r = said(peer ? getpeername(s, (void *)&a, &n) : getsockname(s, (void *)&a, &n));
  if (r == 0)
    inet_ntop(a.ss_family, a.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&a)->sin_addr : (void *)&((struct sockaddr_in6 *)&a)->sin6_addr, text, sizeof text);
  printf("%s %ld length %d %s port %d\n", what, r, n, text, r == 0 && ((struct sockaddr_in *)&a)->sin_port != 0);
}

static void outcome(struct pollfd *p) {
  int n = poll(p, 1, 1000);
  printf("poll %d %x error %d\n", n, p->revents, option(p->fd, SOL_SOCKET, SO_ERROR));
}

static void tcp(void) {
  puts("# tcp");
  int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  printf("fresh poll %x protocol %d\n", ready(client, ALL), option(client, SOL_SOCKET, SO_PROTOCOL));
  where("unbound", client, 0);
  where("unconnected", client, 1);
  SAY("unconnected", recv(client, buf, 9, 0));
  SAY("unconnected", send(client, "x", 1, MSG_NOSIGNAL));
  SAY("unconnected", shutdown(client, SHUT_WR));
  struct sockaddr_in a = in(INADDR_LOOPBACK, 0);
  struct sockaddr_in elsewhere = in(0x01020304, 80);
  SAY("not here", bind(server, (void *)&elsewhere, sizeof elsewhere));
  SAY("short", bind(server, (void *)&a, 8));
  SAY("bind", bind(server, (void *)&a, sizeof a));
  SAY("again", bind(server, (void *)&a, sizeof a));
  a.sin_port = htons(portOf(server));
  where("bound", server, 0);
  SAY("refused", connect(client, (void *)&a, sizeof a));
  printf("error told %d\n", option(client, SOL_SOCKET, SO_ERROR));
  SAY("listen", listen(server, 3));
  printf("poll %x\n", ready(server, ALL));
  SAY("listener", connect(server, (void *)&a, sizeof a));
  SAY("listener", recv(server, buf, 9, 0));
  close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  SAY("connect", connect(client, (void *)&a, sizeof a));
  SAY("again", connect(client, (void *)&a, sizeof a));
  printf("polls %x %x\n", ready(server, ALL), ready(client, ALL));
  struct sockaddr_in from;
  socklen_t n = sizeof from;
  int conn = accept(server, (void *)&from, &n);
  printf("from %d %x %d\n", n, ntohl(from.sin_addr.s_addr), ntohs(from.sin_port) == portOf(client));
  where("client", client, 0);
  where("its peer", client, 1);
  where("server", conn, 0);
  printf("one port %d\n", portOf(conn) == portOf(server));
  SAY("send", send(client, "over tcp", 8, 0));
  int count;
  ioctl(conn, FIONREAD, &count);
  printf("FIONREAD %d\n", count);
  got("peek", recv(conn, buf, 4, MSG_PEEK));
  n = sizeof from;
  got("recvfrom", recvfrom(conn, buf, 60, 0, (void *)&from, &n));
  got("none", recv(conn, buf, 60, MSG_DONTWAIT));
  int on = 1;
  SAY("nodelay", setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  printf("nodelay %d keepalive %d\n", option(client, IPPROTO_TCP, TCP_NODELAY), option(client, SOL_SOCKET, SO_KEEPALIVE));
  SAY("unknown", setsockopt(client, IPPROTO_TCP, 999, &on, sizeof on));
  SAY("level", setsockopt(client, 77, 1, &on, sizeof on));
  SAY("half close", shutdown(client, SHUT_WR));
  printf("polls %x %x\n", ready(client, ALL), ready(conn, ALL));
  got("end", recv(conn, buf, 9, 0));
  SAY("shut", send(client, "x", 1, MSG_NOSIGNAL));
  SAY("back", send(conn, "back", 4, 0));
  got("back", recv(client, buf, 9, 0));
  close(conn);
  printf("poll %x\n", ready(client, ALL));
  got("end", recv(client, buf, 9, 0));
  close(client);

  puts("# tcp: who is gone");
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&a, sizeof a);
  conn = accept(server, 0, 0);
  close(conn);
  usleep(1000);
  printf("poll %x\n", ready(client, ALL));
  SAY("first", send(client, "x", 1, MSG_NOSIGNAL));
  usleep(1000);
  printf("poll %x\n", ready(client, ALL));
  SAY("second", send(client, "x", 1, MSG_NOSIGNAL));
  got("read", recv(client, buf, 9, 0));
  close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&a, sizeof a);
  conn = accept(server, 0, 0);
  send(client, "unread", 6, 0);
  usleep(1000);
  close(conn);
  usleep(1000);
  printf("poll %x\n", ready(client, ALL));
  SAY("reset", recv(client, buf, 9, 0));
  got("then", recv(client, buf, 9, 0));
  SAY("then", send(client, "x", 1, MSG_NOSIGNAL));
  close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&a, sizeof a);
  conn = accept(server, 0, 0);
  struct linger linger = {1, 0};
  setsockopt(conn, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(conn);
  usleep(1000);
  SAY("lingering for none", send(client, "x", 1, MSG_NOSIGNAL));
  close(client);

  puts("# tcp: ports");
  int second = socket(AF_INET, SOCK_STREAM, 0);
  SAY("in use", bind(second, (void *)&a, sizeof a));
  setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  SAY("still", bind(second, (void *)&a, sizeof a));
  struct sockaddr_in any = in(INADDR_ANY, ntohs(a.sin_port));
  SAY("any host", bind(second, (void *)&any, sizeof any));
  any = in(INADDR_LOOPBACK + 1, ntohs(a.sin_port));
  SAY("another host", bind(second, (void *)&any, sizeof any));
  SAY("listen", listen(second, 1));
  client = socket(AF_INET, SOCK_STREAM, 0);
  SAY("to that", connect(client, (void *)&any, sizeof any));
  printf("polls %x %x\n", ready(server, POLLIN), ready(second, POLLIN));
  close(client);
  close(second);
  client = socket(AF_INET, SOCK_STREAM, 0);
  any = in(INADDR_ANY, ntohs(a.sin_port));
  SAY("to any", connect(client, (void *)&any, sizeof any));
  where("its peer", client, 1);
  close(client);
  close(accept(server, 0, 0));

  puts("# tcp: no descriptor left");
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&a, sizeof a);
  struct rlimit limit, none;
  getrlimit(RLIMIT_NOFILE, &limit);
  none = limit;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  SAY("accept", accept(server, 0, 0));
  SAY("socket", socket(AF_UNIX, SOCK_STREAM, 0));
  setrlimit(RLIMIT_NOFILE, &limit);
  conn = accept(server, 0, 0);
  printf("still there %d\n", conn > 0);
  close(conn);
  close(client);

  puts("# tcp: without waiting");
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY("connect", connect(client, (void *)&a, sizeof a));
  struct pollfd p = {client, POLLOUT, 0};
  outcome(&p);
  SAY("connect", connect(client, (void *)&a, sizeof a));
  SAY("connect", connect(client, (void *)&a, sizeof a));
  fcntl(server, F_SETFL, O_NONBLOCK);
  conn = accept(server, 0, 0);
  SAY("accept", accept(server, 0, 0));
  close(client);
  close(conn);
  struct sockaddr_in nobody = in(INADDR_LOOPBACK, 1);
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SAY("connect", connect(client, (void *)&nobody, sizeof nobody));
  p.fd = client;
  outcome(&p);
  close(client);

  puts("# tcp: much");
  fcntl(server, F_SETFL, 0);
  if (fork() == 0) {
    client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (void *)&a, sizeof a);
    memset(buf, 'm', sizeof buf);
    long sent = 0;
    for (int i = 0; i < 5; i++) sent += write(client, buf, sizeof buf);
    printf("sent %ld\n", sent);
    close(client);
    _exit(0);
  }
  conn = accept(server, 0, 0);
  long total = 0, r;
  while ((r = read(conn, buf, 50000)) > 0 && buf[0] == 'm' && buf[r - 1] == 'm') total += r;
  wait(0);
  printf("received %ld\n", total);
  close(conn);
  close(server);
}

static void six(void) {
  puts("# ipv6");
  int server = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6};
  SAY("bind", bind(server, (void *)&any, sizeof any));
  listen(server, 5);
  where("bound", server, 0);
  struct sockaddr_in a = in(INADDR_LOOPBACK, portOf(server));
  SAY("by ipv4", connect(client, (void *)&a, sizeof a));
  int conn = accept(server, 0, 0);
  where("server", conn, 0);
  where("client", client, 0);
  close(conn), close(client);
  client = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons(portOf(server)), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  SAY("by ipv6", connect(client, (void *)&local, sizeof local));
  conn = accept(server, 0, 0);
  where("client", client, 0);
  write(client, "six", 3);
  got("read", read(conn, buf, 9));
  close(conn), close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  SAY("ipv6 to ipv4", connect(client, (void *)&local, sizeof local));
  printf("v6only %d\n", option(server, IPPROTO_IPV6, IPV6_V6ONLY));
  close(server), close(client);
}

static void udp(void) {
  puts("# udp");
  int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
  printf("fresh poll %x protocol %d\n", ready(a, ALL), option(a, SOL_SOCKET, SO_PROTOCOL));
  SAY("nowhere", send(a, "x", 1, 0));
  struct sockaddr_in to = in(INADDR_LOOPBACK, 0);
  SAY("bind", bind(a, (void *)&to, sizeof to));
  to.sin_port = htons(portOf(a));
  SAY("sendto", sendto(b, "datagram", 8, 0, (void *)&to, sizeof to));
  SAY("sendto", sendto(b, "", 0, 0, (void *)&to, sizeof to));
  printf("named %d\n", portOf(b) != 0);
  struct sockaddr_in from;
  socklen_t n = sizeof from;
  got("cut", recvfrom(a, buf, 4, 0, (void *)&from, &n));
  printf("from %d %x %d\n", n, ntohl(from.sin_addr.s_addr), ntohs(from.sin_port) == portOf(b));
  got("empty", recv(a, buf, 9, 0));
  got("none", recv(a, buf, 9, MSG_DONTWAIT));
  SAY("too long", sendto(b, buf, 65508, 0, (void *)&to, sizeof to));
  SAY("longest", sendto(b, buf, 65507, 0, (void *)&to, sizeof to));
  SAY("longest", recv(a, buf, 70000, 0));
  SAY("connect", connect(b, (void *)&to, sizeof to));
  where("peer", b, 1);
  where("own", b, 0);
  SAY("send", send(b, "connected", 9, 0));
  got("recv", recv(a, buf, 60, 0));
  int c = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in at_b = in(INADDR_LOOPBACK, portOf(b));
  sendto(c, "stranger", 8, 0, (void *)&at_b, sizeof at_b);
  got("from its peer alone", recv(b, buf, 60, MSG_DONTWAIT));
  close(a);
  SAY("nobody there", send(b, "x", 1, 0));
  SAY("refused", send(b, "x", 1, 0));
  struct sockaddr_in in_use = in(INADDR_LOOPBACK, portOf(b));
  SAY("in use", bind(c, (void *)&in_use, sizeof in_use));
  SAY("listen", listen(c, 1));
  SAY("accept", accept(c, 0, 0));
  close(b), close(c);
}

/* What random calls, compared with Linux, found to be otherwise. */
static void rare(void) {
  puts("# rare");
  int s[2], t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in nobody = in(INADDR_LOOPBACK, 1), other = in(INADDR_LOOPBACK + 1, 1), any = in(INADDR_LOOPBACK, 0);
  fcntl(t, F_SETFL, O_NONBLOCK);
  SAY("refused", connect(t, (void *)&nobody, sizeof nobody));
  printf("poll %x error %d\n", ready(t, ALL), option(t, SOL_SOCKET, SO_ERROR));
  got("read", recv(t, buf, 9, 0));
  SAY("write", send(t, "x", 1, MSG_NOSIGNAL));
  SAY("told", connect(t, (void *)&nobody, sizeof nobody));
  fcntl(t, F_SETFL, 0);
  SAY("once more", connect(t, (void *)&nobody, sizeof nobody));
  SAY("free again", bind(t, (void *)&any, sizeof any));
  SAY("connect", connect(u, (void *)&nobody, sizeof nobody));
  SAY("elsewhere", sendto(u, "x", 1, 0, (void *)&other, sizeof other));
  usleep(1000);
  printf("error %d\n", option(u, SOL_SOCKET, SO_ERROR));
  SAY("ipv4 of six", connect(six, (void *)&any, sizeof any));
  struct sockaddr_un a;
  socklen_t n = abstract(&a, "strake-types");
  SAY("bind", bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, n));
  SAY("another type", bind(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&a, n));
  SAY("send", sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, 0, (void *)&a, n));
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  shutdown(s[0], SHUT_RD);
  SAY("shut, not waiting", recv(s[0], buf, 9, MSG_DONTWAIT));
  got("shut, waiting", recv(s[0], buf, 9, 0));
  int value = 1;
  SAY("reuse port", setsockopt(s[0], SOL_SOCKET, SO_REUSEPORT, &value, sizeof value));
  close(s[0]), close(s[1]), close(t), close(u), close(six);
  t = socket(AF_INET, SOCK_STREAM, 0);
  int bad = 99;
  printf("rights over tcp %ld\n", pass(t, &bad, 1, "x"));
  close(t);
}

static void *echo(void *arg) {
  int conn = accept(*(int *)arg, 0, 0);
  char text[64];
  long n;
  while ((n = read(conn, text, sizeof text)) > 0) write(conn, text, n);
  close(conn);
  return 0;
}

static void together(void) {
  puts("# epoll and threads");
  int server = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
  struct sockaddr_in a = in(INADDR_LOOPBACK, 0);
  bind(server, (void *)&a, sizeof a);
  listen(server, 5);
  a.sin_port = htons(portOf(server));
  pthread_t t;
  pthread_create(&t, 0, echo, &server);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (void *)&a, sizeof a);
  fcntl(client, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET}, out;
  epoll_ctl(ep, EPOLL_CTL_ADD, client, &e);
  int n = epoll_wait(ep, &out, 1, 0);
  printf("at once %d %x\n", n, out.events);
  printf("no more %d\n", epoll_wait(ep, &out, 1, 0));
  for (int i = 0; i < 3; i++) {
    write(client, "ping", 4);
    n = epoll_wait(ep, &out, 1, 2000);
    printf("echo %d %x ", n, out.events);
    got("read", read(client, buf, 60));
  }
  shutdown(client, SHUT_WR);
  do n = epoll_wait(ep, &out, 1, 2000);
  while (n == 1 && !(out.events & EPOLLHUP));
  printf("hang-up %d %x\n", n, out.events);
  pthread_join(t, 0);
  close(server);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, 0, _IONBF, 0);
  errors();
  streams();
  messages(SOCK_DGRAM, "datagram");
  messages(SOCK_SEQPACKET, "packet");
  names();
  rights();
  tcp();
  six();
  udp();
  rare();
  together();
  return 0;
}
