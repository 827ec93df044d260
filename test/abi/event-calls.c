/*
 * What Linux promises of eventfd, timerfd, signalfd and epoll, line by line.
 *
 * Prints results and error numbers only; times are checked, not printed. event-calls.expected is what Linux answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long said(long result) { return result < 0 ? -errno : result; }
#define SAY(what, result) printf("%s %ld\n", what, said(result))

static uint64_t count;
static long get(int fd) {
  count = 0;
  return said(read(fd, &count, 8));
}
static long put(int fd, uint64_t value) { return said(write(fd, &value, 8)); }
static int ready(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  poll(&p, 1, 0);
  return p.revents;
}
static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void eventfds(void) {
  puts("# eventfd");
  int fd = eventfd(3, EFD_NONBLOCK);
  printf("flags %o poll %x\n", fcntl(fd, F_GETFL), ready(fd));
  printf("read %ld count %lu\n", get(fd), count);
  printf("empty %ld poll %x\n", get(fd), ready(fd));
  printf("write %ld %ld\n", put(fd, 5), put(fd, UINT64_MAX - 6));
  printf("full %ld poll %x\n", put(fd, 1), ready(fd));
  printf("too much %ld\n", put(fd, UINT64_MAX));
  printf("read %ld count %lx\n", get(fd), count);
  char small[4];
  SAY("short read", read(fd, small, 4));
  SAY("short write", write(fd, small, 4));
  uint64_t two[2] = {1, 1};
  SAY("long write", write(fd, two, 16));
  SAY("seek", lseek(fd, 0, SEEK_SET));
  SAY("pread", pread(fd, &count, 8, 0));
  close(fd);
  fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  for (int i = 0; i < 3; i++) printf("semaphore %ld %lu\n", get(fd), count);
  close(fd);
  SAY("flags", eventfd(0, 2));
  struct stat st;
  fd = eventfd(0, 0);
  fstat(fd, &st);
  printf("mode %o\n", st.st_mode);
  if (fork() == 0) {
    usleep(2000);
    put(fd, 7);
    _exit(0);
  }
  printf("blocking read %ld %lu\n", get(fd), count);
  wait(0);
  put(fd, UINT64_MAX - 1);
  if (fork() == 0) {
    usleep(2000);
    get(fd);
    _exit(0);
  }
  printf("blocking write %ld\n", put(fd, 9));
  wait(0);
  printf("then %ld %lu\n", get(fd), count);
  close(fd);
}

static void timerfds(void) {
  puts("# timerfd");
  SAY("clock", timerfd_create(99, 0));
  SAY("flags", timerfd_create(CLOCK_MONOTONIC, 1));
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec its = {{0, 0}, {0, 0}}, old;
  printf("unarmed %ld poll %x\n", get(fd), ready(fd));
  its.it_value.tv_nsec = 1000000000;
  SAY("bad time", timerfd_settime(fd, 0, &its, 0));
  its.it_value.tv_nsec = 5000000;
  SAY("bad flags", timerfd_settime(fd, 8, &its, 0));
  SAY("set", timerfd_settime(fd, 0, &its, 0));
  SAY("get", timerfd_gettime(fd, &old));
  printf("left %d interval %ld\n", old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 5000000, old.it_interval.tv_nsec);
  struct pollfd p = {fd, POLLIN, 0};
  printf("poll %d %x\n", poll(&p, 1, 1000), p.revents);
  char small[4];
  SAY("short", read(fd, small, 4));
  printf("read %ld %lu\n", get(fd), count);
  printf("again %ld\n", get(fd));
  timerfd_gettime(fd, &old);
  printf("left %ld\n", old.it_value.tv_nsec);
  its.it_interval.tv_nsec = 2000000;
  its.it_value.tv_nsec = 1000000;
  timerfd_settime(fd, 0, &its, 0);
  usleep(8000);
  long got = get(fd);
  printf("several %ld %d\n", got, count >= 4);
  fcntl(fd, F_SETFL, 0);
  long before = now_ms();
  got = get(fd);
  printf("blocking %ld %d\n", got, count >= 1 && now_ms() - before < 500);
  its.it_value.tv_nsec = 0;
  SAY("disarm", timerfd_settime(fd, 0, &its, &old));
  printf("interval %ld\n", old.it_interval.tv_nsec);
  clock_gettime(CLOCK_MONOTONIC, &its.it_value);
  its.it_interval.tv_nsec = 0;
  SAY("past", timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, 0));
  printf("read %ld %lu\n", get(fd), count);
  close(fd);
  fd = timerfd_create(CLOCK_REALTIME, 0);
  clock_gettime(CLOCK_REALTIME, &its.it_value);
  its.it_value.tv_sec += 0;
  its.it_value.tv_nsec += 3000000;
  if (its.it_value.tv_nsec >= 1000000000) its.it_value.tv_sec++, its.it_value.tv_nsec -= 1000000000;
  SAY("real", timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, 0));
  printf("read %ld %lu\n", get(fd), count);
  SAY("write", write(fd, &count, 8));
  SAY("not a timer", timerfd_gettime(0, &old));
  close(fd);
}

static void signalfds(void) {
  puts("# signalfd");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, 0);
  int fd = signalfd(-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo info[4];
  SAY("none", read(fd, info, sizeof info));
  printf("poll %x\n", ready(fd));
  kill(getpid(), SIGUSR1);
  union sigval value = {.sival_int = 1234};
  sigqueue(getpid(), SIGRTMIN + 1, value);
  sigqueue(getpid(), SIGRTMIN + 1, value);
  printf("poll %x\n", ready(fd));
  SAY("short", read(fd, info, 100));
  long n = read(fd, info, sizeof info);
  printf("read %ld\n", n);
  for (int i = 0; i < n / (long)sizeof *info; i++)
    printf("signal %u code %d self %d int %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_pid == getpid(),
           info[i].ssi_int);
  pid_t child = fork();
  if (child == 0) _exit(7);
  struct pollfd p = {fd, POLLIN, 0};
  printf("poll %d\n", poll(&p, 1, 2000));
  n = read(fd, info, sizeof info);
  printf("read %ld signal %u code %d child %d status %d\n", n, info[0].ssi_signo, info[0].ssi_code,
         (pid_t)info[0].ssi_pid == child, info[0].ssi_status);
  waitpid(child, 0, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, 0);
  printf("change %d\n", signalfd(fd, &set, 0) == fd);
  SAY("of what is none", signalfd(0, &set, 0));
  kill(getpid(), SIGUSR2);
  n = read(fd, info, sizeof info);
  printf("read %ld signal %u\n", n, info[0].ssi_signo);
  fcntl(fd, F_SETFL, 0);
  if (fork() == 0) {
    usleep(2000);
    kill(getppid(), SIGUSR2);
    _exit(0);
  }
  n = read(fd, info, sizeof info);
  printf("blocking %ld signal %u\n", n, info[0].ssi_signo);
  wait(0);
  close(fd);
}

static int ep;
static struct epoll_event events[8];
static long ctl(int op, int fd, uint32_t bits, uint64_t data) {
  struct epoll_event e = {.events = bits, .data.u64 = data};
  return said(epoll_ctl(ep, op, fd, &e));
}
static void waits(const char *what, int timeout) {
  int n = epoll_wait(ep, events, 8, timeout);
  printf("%s: %ld", what, said(n));
  for (int i = 0; i < n; i++) printf(" [%x %lx]", events[i].events, events[i].data.u64);
  puts("");
}

static void epolls(void) {
  puts("# epoll");
  int pipes[2], a, b;
  ep = epoll_create1(EPOLL_CLOEXEC);
  SAY("flags", epoll_create1(1));
  SAY("size", epoll_create(0));
  pipe(pipes);
  printf("add %ld %ld\n", ctl(EPOLL_CTL_ADD, pipes[0], EPOLLIN, 0x1122334455667788), ctl(EPOLL_CTL_ADD, pipes[1], EPOLLOUT, 2));
  printf("twice %ld\n", ctl(EPOLL_CTL_ADD, pipes[0], EPOLLIN, 1));
  waits("writable", 0);
  waits("still", 0);
  printf("modify %ld\n", ctl(EPOLL_CTL_MOD, pipes[1], 0, 2));
  waits("none", 0);
  write(pipes[1], "x", 1);
  waits("readable", 0);
  waits("level", 0);
  printf("edge %ld\n", ctl(EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLET, 3));
  waits("first", 0);
  waits("second", 0);
  write(pipes[1], "y", 1);
  waits("after a write", 0);
  waits("and none", 0);
  printf("once %ld\n", ctl(EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT, 4));
  waits("once", 0);
  write(pipes[1], "z", 1);
  waits("disabled", 0);
  printf("again %ld\n", ctl(EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT, 5));
  waits("enabled", 0);
  int copy = dup(pipes[0]);
  printf("add a copy %ld\n", ctl(EPOLL_CTL_ADD, copy, EPOLLIN, 6));
  waits("copy", 0);
  close(copy);
  waits("closed, but open", 0);
  close(pipes[1]);
  printf("modify %ld\n", ctl(EPOLL_CTL_MOD, pipes[0], EPOLLIN, 7));
  waits("hang-up", 0);
  close(pipes[0]);
  waits("all closed", 0);

  puts("# errors");
  int file = open("/proc/self/exe", O_RDONLY);
  a = eventfd(0, EFD_NONBLOCK);
  printf("file %ld\n", ctl(EPOLL_CTL_ADD, file, EPOLLIN, 0));
  printf("directory %ld\n", ctl(EPOLL_CTL_ADD, open("/", O_RDONLY), EPOLLIN, 0));
  printf("no such %ld %ld\n", ctl(EPOLL_CTL_DEL, a, 0, 0), ctl(EPOLL_CTL_MOD, a, 0, 0));
  printf("closed %ld\n", ctl(EPOLL_CTL_ADD, 999, EPOLLIN, 0));
  printf("itself %ld\n", ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 0));
  printf("operation %ld\n", ctl(9, a, EPOLLIN, 0));
  SAY("not an epoll", epoll_ctl(a, EPOLL_CTL_ADD, ep, events));
  SAY("no room", epoll_wait(ep, events, 0, 0));
  SAY("not an epoll", epoll_wait(a, events, 1, 0));
  printf("exclusive %ld\n", ctl(EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE, 0));
  printf("exclusive modify %ld\n", ctl(EPOLL_CTL_MOD, a, EPOLLIN, 0));
  printf("delete %ld\n", ctl(EPOLL_CTL_DEL, a, 0, 0));
  printf("exclusive, once %ld\n", ctl(EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0));

  puts("# nested");
  int inner = ep, outer = epoll_create1(0);
  ctl(EPOLL_CTL_ADD, a, EPOLLIN, 1);
  ep = outer;
  printf("add %ld\n", ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 2));
  waits("not yet", 0);
  put(a, 1);
  waits("inner is ready", 0);
  printf("poll %x\n", ready(outer));
  get(a);
  waits("no more", 0);
  printf("poll %x\n", ready(outer));
  ep = inner;
  printf("a circle %ld\n", ctl(EPOLL_CTL_ADD, outer, EPOLLIN, 3));
  ep = outer;
  if (fork() == 0) {
    usleep(2000);
    put(a, 1);
    _exit(0);
  }
  waits("woken through both", 2000);
  wait(0);
  get(a);
  close(inner);
  waits("the inner is gone", 0);

  puts("# many");
  ep = epoll_create1(0);
  int many[6];
  for (int i = 0; i < 6; i++) {
    many[i] = eventfd(1, 0);
    ctl(EPOLL_CTL_ADD, many[i], EPOLLIN, i);
  }
  for (int turn = 0; turn < 3; turn++) {
    int n = epoll_wait(ep, events, 4, 0);
    printf("turn %d:", turn);
    for (int i = 0; i < n; i++) printf(" %lu", events[i].data.u64);
    puts("");
  }
  for (int i = 0; i < 6; i++) get(many[i]);
  waits("none", 0);
  put(many[4], 1);
  put(many[1], 1);
  put(many[3], 1);
  waits("in order", 0);
  for (int i = 0; i < 6; i++) close(many[i]);

  puts("# time");
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  ctl(EPOLL_CTL_ADD, timer, EPOLLIN, 11);
  struct itimerspec its = {{0, 0}, {0, 4000000}};
  timerfd_settime(timer, 0, &its, 0);
  waits("timer", 2000);
  printf("read %ld %lu\n", get(timer), count);
  long before = now_ms();
  waits("time-out", 10);
  printf("it took its time %d\n", now_ms() - before >= 10);
}

static void handler(int signal) { (void)signal; }
static void *later(void *unused) {
  usleep(3000);
  kill(getpid(), SIGUSR1);
  return unused;
}
static void signals(void) {
  puts("# signals");
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, 0);
  sigset_t all, none;
  sigemptyset(&none);
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, 0);
  pthread_t thread;
  pthread_create(&thread, 0, later, 0);
  ep = epoll_create1(0);
  SAY("interrupted", epoll_pwait(ep, events, 4, 5000, &none));
  pthread_join(thread, 0);
  kill(getpid(), SIGUSR1);
  SAY("blocked", epoll_pwait(ep, events, 4, 5, &all));
  SAY("let in", epoll_pwait(ep, events, 4, 5, &none));
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  eventfds();
  timerfds();
  signalfds();
  epolls();
  signals();
  return 0;
}
