/*
 * POSIX message queues as a program sees them: results, order, limits, waits, notices and the descriptor.
 *
 * Nothing that it prints depends on how fast the machine is, nor on who runs it but root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void opened(const char *what, long fd) { say(what, fd < 0 ? fd : 0); }
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) < 0) continue;
}
static struct timespec in_ms(int ms) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += ms * 1000000L;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}
static long raw_open(const char *name, int flags) { return syscall(SYS_mq_open, name, flags, 0600, NULL); }
static char room[8192];
static void receive(const char *what, mqd_t q) {
  unsigned priority = 77;
  ssize_t size = mq_receive(q, room, sizeof room, &priority);
  if (size < 0) say(what, -1);
  else printf("%s: %.*s, priority %u\n", what, (int)size, room, priority);
  fflush(stdout);
}
static mqd_t fresh(const char *name, int flags, long messages, long size) {
  struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = size};
  mq_unlink(name);
  return mq_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attributes);
}

static void names(void) {
  char longest[300];
  memset(longest, 'x', 299);
  longest[299] = 0;
  mq_unlink("/names");
  opened("open what is not there", raw_open("names", O_RDWR));
  opened("empty name", raw_open("", O_RDWR | O_CREAT));
  opened("slash", raw_open("/names", O_RDWR | O_CREAT));
  opened("slash within", raw_open("a/b", O_RDWR | O_CREAT));
  opened("dot", raw_open(".", O_RDWR));
  opened("too long", raw_open(longest, O_RDWR | O_CREAT));
  opened("bad address", raw_open((char *)8, O_RDWR | O_CREAT));
  say("unlink what is not there", syscall(SYS_mq_unlink, "names"));
  say("unlink too long", syscall(SYS_mq_unlink, longest));
  mqd_t q = mq_open("/names", O_CREAT | O_RDWR, 0640, NULL);
  opened("make", q);
  opened("make again", mq_open("/names", O_CREAT | O_EXCL | O_RDWR, 0640, NULL));
  opened("both access modes", raw_open("names", O_ACCMODE));
  printf("close on exec %d, flags %o\n", fcntl(q, F_GETFD), fcntl(q, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
  struct stat st;
  say("fstat", fstat(q, &st));
  printf("mode %o, size %ld, links %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
  struct mq_attr attributes;
  mq_getattr(q, &attributes);
  printf("%ld messages of %ld\n", attributes.mq_maxmsg, attributes.mq_msgsize);
  say("unlink", mq_unlink("/names"));
  fstat(q, &st);
  printf("links %ld\n", (long)st.st_nlink);
  say("send after unlink", mq_send(q, "still", 5, 0));
  receive("receive", q);
  opened("open after unlink", raw_open("names", O_RDWR));
  say("write", write(q, "x", 1));
  say("close", mq_close(q));
  say("send when closed", mq_send(q, "x", 1, 0));
}

static void sizes(void) {
  struct { const char *name; long messages, size; } tries[] = {
    {"no messages", 0, 10}, {"negative", -1, 10}, {"no size", 10, 0}, {"many messages", 65537, 8},
    {"large", 10, 16777217},
  };
  for (int i = 0; i < 5; i++) {
    mqd_t q = fresh("/sizes", 0, tries[i].messages, tries[i].size);
    opened(tries[i].name, q);
    if (q >= 0) mq_close(q);
  }
  mq_unlink("/sizes");
  struct rlimit limit = {1000, 819200};
  setrlimit(RLIMIT_MSGQUEUE, &limit);
  opened("limit passed", fresh("/sizes", 0, 10, 100));
  opened("limit kept", fresh("/sizes", 0, 2, 100));
  mq_unlink("/sizes");
  limit.rlim_cur = 819200;
  setrlimit(RLIMIT_MSGQUEUE, &limit);
}

static void messages(void) {
  mqd_t q = fresh("/messages", O_NONBLOCK, 4, 16);
  receive("receive from empty", q);
  say("send 1", mq_send(q, "one", 3, 1));
  say("send 5", mq_send(q, "five", 4, 5));
  say("send 1", mq_send(q, "uno", 3, 1));
  say("send 32767", mq_send(q, "", 0, 32767));
  say("send to full", mq_send(q, "x", 1, 0));
  say("priority 32768", mq_send(q, "x", 1, 32768));
  say("too long", mq_send(q, "0123456789abcdefg", 17, 0));
  say("bad message", mq_send(q, (char *)8, 4, 0));
  say("short buffer", mq_receive(q, room, 15, NULL));
  struct mq_attr attributes, set = {.mq_flags = 0, .mq_maxmsg = 9, .mq_curmsgs = 9};
  say("setattr", mq_setattr(q, &set, &attributes));
  printf("%ld, %ld of %ld, %ld bytes\n", attributes.mq_flags, attributes.mq_curmsgs, attributes.mq_maxmsg,
         attributes.mq_msgsize);
  mq_getattr(q, &attributes);
  printf("%ld, %ld of %ld\n", attributes.mq_flags, attributes.mq_curmsgs, attributes.mq_maxmsg);
  set.mq_flags = O_NONBLOCK | O_APPEND;
  say("setattr, another flag", mq_setattr(q, &set, NULL));
  for (int i = 0; i < 4; i++) receive("receive", q);
  mq_send(q, "lost", 4, 0);
  say("bad buffer", mq_receive(q, (char *)8, 16, NULL));
  mq_getattr(q, &attributes);
  printf("%ld left\n", attributes.mq_curmsgs);
  mqd_t reader = mq_open("/messages", O_RDONLY), writer = mq_open("/messages", O_WRONLY);
  say("send by a reader", mq_send(reader, "x", 1, 0));
  say("receive by a writer", mq_receive(writer, room, 16, NULL));
  int null = open("/dev/null", O_RDWR);
  say("send to a file", mq_send(null, "x", 1, 0));
  say("receive from none", mq_receive(-1, room, 16, NULL));
  say("notice of a file", mq_notify(null, NULL));
  say("attributes of a file", mq_getattr(null, &attributes));
  mq_send(q, "sight", 5, 0);
  ssize_t size = read(q, room, sizeof room);
  printf("%.*s", (int)size, room);
  printf("at the end %ld\n", (long)read(q, room, sizeof room));
  close(null), mq_close(reader), mq_close(writer), mq_close(q);
  mq_unlink("/messages");
}

static mqd_t queue;
static void handler(int signal) {}
static void *sender(void *text) { return (void *)(intptr_t)mq_send(queue, text, strlen(text), 3); }
static void *receiver(void *into) { return (void *)(intptr_t)mq_receive(queue, into, 16, NULL); }

static void waits(void) {
  struct timespec past = {1, 0}, bad = {1, 1000000000}, negative = {-1, 0}, soon = in_ms(20);
  pthread_t threads[3];
  char got[3][16] = {"", "", ""};
  queue = fresh("/waits", 0, 1, 16);
  say("until the past", mq_timedreceive(queue, room, 16, NULL, &past));
  say("until no time", mq_timedreceive(queue, room, 16, NULL, &bad));
  say("until before", mq_timedreceive(queue, room, 16, NULL, &negative));
  say("until bad address", syscall(SYS_mq_timedreceive, queue, room, 16, NULL, 8));
  say("until soon", mq_timedreceive(queue, room, 16, NULL, &soon));
  mq_send(queue, "first", 5, 0);
  soon = in_ms(20);
  say("send until soon", mq_timedsend(queue, "x", 1, 0, &soon));
  say("send until no time", mq_timedsend(queue, "x", 1, 0, &bad));
  pthread_create(&threads[0], NULL, sender, "second");
  pause_ms(30);
  pthread_create(&threads[1], NULL, sender, "third");
  pause_ms(30);
  struct mq_attr attributes;
  mq_getattr(queue, &attributes);
  printf("%ld in the queue\n", attributes.mq_curmsgs);
  receive("receive", queue);
  mq_getattr(queue, &attributes);
  printf("%ld in the queue\n", attributes.mq_curmsgs);
  receive("receive", queue);
  receive("receive", queue);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 3; i++) {
    pthread_create(&threads[i], NULL, receiver, got[i]);
    pause_ms(30);
  }
  mq_send(queue, "a", 1, 0), mq_send(queue, "b", 1, 9), mq_send(queue, "c", 1, 4);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  printf("received %s %s %s\n", got[0], got[1], got[2]);

  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 0);
  say("receive, signal", mq_receive(queue, room, 16, NULL));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 0);
  soon = in_ms(60);
  say("receive, signal, restarted", mq_timedreceive(queue, room, 16, NULL, &soon));
  mq_close(queue);
  mq_unlink("/waits");
}

static volatile int told, code, from, value;
static void notice(int signal, siginfo_t *info, void *context) {
  told = signal;
  code = info->si_code;
  from = info->si_pid == getpid();
  value = info->si_value.sival_int;
}
static void notices(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};
  struct sigaction action = {.sa_sigaction = notice, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  mqd_t q = fresh("/notices", 0, 4, 16);
  say("notify", mq_notify(q, &event));
  say("notify twice", mq_notify(q, &event));
  pid_t child = fork();
  if (child == 0) {
    say("notify another", mq_notify(q, &event));
    say("no notice of another", mq_notify(q, NULL));
    mq_close(q);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  int size = (int)read(q, room, sizeof room);
  room[size < 46 ? size : 46] = 0;
  printf("%s\n", room);
  mq_send(q, "a", 1, 0);
  printf("told %d, code %d, from self %d, value %d\n", told == SIGUSR1, code, from, value);
  told = 0;
  mq_send(q, "b", 1, 0);
  printf("told again %d\n", told);
  say("notify, not empty", mq_notify(q, &event));
  mq_send(q, "c", 1, 0);
  printf("told of the third %d\n", told);
  receive("receive", q), receive("receive", q), receive("receive", q);
  say("no notice", mq_notify(q, NULL));
  mq_send(q, "d", 1, 0);
  printf("told %d\n", told);
  receive("receive", q);
  event.sigev_notify = SIGEV_NONE;
  say("notify silently", mq_notify(q, &event));
  mq_send(q, "e", 1, 0);
  event.sigev_notify = SIGEV_SIGNAL;
  say("notify after that", mq_notify(q, &event));
  int other = dup(q);
  close(other);
  say("notify after a close", mq_notify(q, &event));
  event.sigev_signo = 65;
  say("bad signal", mq_notify(q, &event));
  event.sigev_notify = 9;
  say("bad kind", mq_notify(q, &event));
  mq_close(q);
  mq_unlink("/notices");
}

static int bell[2];
static void in_thread(union sigval value) {
  char c = (char)value.sival_int;
  write(bell[1], &c, 1);
}
/* libc's own thread hears of it by a netlink socket. */
static void threads(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 'v', .sigev_notify_function = in_thread};
  char c = 0;
  pipe(bell);
  mqd_t q = fresh("/threads", 0, 4, 16);
  say("a thread", mq_notify(q, &event));
  say("a thread twice", mq_notify(q, &event));
  say("no thread", mq_notify(q, NULL));
  for (int i = 0; i < 2; i++) {
    say("a thread again", mq_notify(q, &event));
    mq_send(q, "a", 1, 0);
    read(bell[0], &c, 1);
    printf("told %c\n", c);
    receive("receive", q);
  }
  char cookie[32] = "cookie", got[33] = "";
  int netlink = socket(AF_NETLINK, SOCK_RAW, 0), plain = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sigevent raw = {.sigev_notify = SIGEV_THREAD, .sigev_signo = netlink, .sigev_value.sival_ptr = cookie};
  say("by hand", syscall(SYS_mq_notify, q, &raw));
  mq_send(q, "b", 1, 0);
  say("cookie", recv(netlink, got, sizeof got, 0));
  printf("%s %d\n", got, got[31]);
  receive("receive", q);
  say("by hand", syscall(SYS_mq_notify, q, &raw));
  say("taken back", syscall(SYS_mq_notify, q, NULL));
  say("cookie", recv(netlink, got, sizeof got, MSG_DONTWAIT));
  printf("%s %d\n", got, got[31]);
  say("by hand", syscall(SYS_mq_notify, q, &raw));
  close(netlink);
  mq_send(q, "c", 1, 0);
  receive("its socket is closed", q);
  raw.sigev_signo = plain;
  say("another socket", syscall(SYS_mq_notify, q, &raw));
  raw.sigev_signo = bell[0];
  say("no socket", syscall(SYS_mq_notify, q, &raw));
  raw.sigev_signo = 999;
  say("no file", syscall(SYS_mq_notify, q, &raw));
  raw.sigev_value.sival_ptr = (void *)8;
  say("no cookie", syscall(SYS_mq_notify, q, &raw));
  mq_close(q);
  mq_unlink("/threads");
}

static void descriptors(void) {
  queue = fresh("/descriptors", O_NONBLOCK, 1, 16);
  struct pollfd fds = {queue, POLLIN | POLLOUT};
  say("poll", poll(&fds, 1, 0));
  printf("%x\n", fds.revents);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  say("watch", epoll_ctl(epoll, EPOLL_CTL_ADD, queue, &event));
  say("nothing", epoll_wait(epoll, &event, 1, 0));
  mq_send(queue, "x", 1, 0);
  say("something", epoll_wait(epoll, &event, 1, 1000));
  fds.revents = 0;
  poll(&fds, 1, 0);
  printf("%x\n", fds.revents);
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  char byte = 'x', control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {&byte, 1};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET, message->cmsg_type = SCM_RIGHTS, message->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(message), &queue, sizeof(int));
  say("pass", sendmsg(pair[0], &header, 0));
  mq_close(queue);
  say("take", recvmsg(pair[1], &header, 0));
  int passed;
  memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
  pid_t child = fork();
  if (child == 0) {
    receive("child receives", passed);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  receive("receive", passed);
  close(passed);
  mq_unlink("/descriptors");
}

static void others(void) {
  mqd_t q = fresh("/others", 0, 1, 16);
  pid_t child = fork();
  if (child == 0) {
    setgid(1000), setuid(1000);
    opened("another's", mq_open("/others", O_RDWR));
    say("unlink another's", syscall(SYS_mq_unlink, "others"));
    opened("too many messages", fresh("/mine", 0, 11, 16));
    opened("too large", fresh("/mine", 0, 10, 8193));
    mqd_t mine = fresh("/mine", 0, 10, 8192);
    opened("as allowed", mine);
    fchmod(mine, 0);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  say("root unlinks", mq_unlink("/mine"));
  mq_close(q);
  mq_unlink("/others");
}

int main(void) {
  names();
  sizes();
  messages();
  waits();
  notices();
  threads();
  descriptors();
  others();
  return 0;
}
