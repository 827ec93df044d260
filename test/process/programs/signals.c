/* Handlers, masks, interrupted and restarted calls, alternate stacks, waiting for signals. */
#include "check.h"

#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <sys/time.h>
#include <time.h>

static volatile int count, seen;
static char stack[65536] __attribute__((aligned(16)));
static sigjmp_buf escape;

static void counted(int signal) {
  count++;
  seen = signal;
}

static void on_stack(int signal, siginfo_t *info, void *context) {
  char here;
  seen = &here >= stack && &here < stack + sizeof stack;
}

static void fault(int signal, siginfo_t *info, void *context) {
  seen = (int)(long)info->si_addr;
  siglongjmp(escape, 1);
}

static void queued(int signal, siginfo_t *info, void *context) {
  count = count * 10 + info->si_value.sival_int;
}

static void clobber(int signal) {
  volatile double a = 3.5, b = 2.25;
  a *= b;
  count = (int)(a * 100);
}

static void with_info(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, 0);
}

static void alarm_in(int microseconds) {
  struct itimerval timer = {.it_value = {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, 0);
}

static int overflow(int depth) {
  volatile char frame[4096];
  frame[0] = depth;
  return overflow(depth + 1) + frame[0];
}

static void frames(void) {
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  CHECK(sigaltstack(&alternate, 0) == 0);
  with_info(SIGUSR1, on_stack, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(seen == 1);
  with_info(SIGSEGV, fault, SA_ONSTACK);
  if (!sigsetjmp(escape, 1)) *(volatile int *)0x1234 = 1;
  CHECK(seen == 0x1234);
  seen = 0;
  if (!sigsetjmp(escape, 1)) overflow(1);
  CHECK(seen != 0);
  handle(SIGUSR1, clobber, 0);
  volatile double x = 1.5;
  double y = x * 2;
  raise(SIGUSR1);
  CHECK(count == 787 && y == 3.0);
  handle(SIGUSR1, counted, SA_RESETHAND);
  raise(SIGUSR1);
  struct sigaction now;
  sigaction(SIGUSR1, 0, &now);
  CHECK(now.sa_handler == SIG_DFL);
}

static void queues(void) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  with_info(SIGRTMIN + 1, queued, 0);
  count = 0;
  sigprocmask(SIG_BLOCK, &set, &old);
  for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
  CHECK(count == 0);
  sigprocmask(SIG_SETMASK, &old, 0);
  CHECK(count == 123);
}

static void interruptions(void) {
  int ends[2], status;
  char byte;
  pipe(ends);
  handle(SIGALRM, counted, 0);
  alarm_in(20000);
  CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR);
  handle(SIGALRM, counted, SA_RESTART);
  pid_t child = fork();
  if (child == 0) {
    usleep(60000);
    write(ends[1], "x", 1);
    _exit(0);
  }
  count = 0;
  alarm_in(20000);
  CHECK(read(ends[0], &byte, 1) == 1 && count == 1);
  waitpid(child, &status, 0);
  handle(SIGALRM, counted, 0);
  struct timespec second = {1, 0}, rest = {0};
  alarm_in(20000);
  CHECK(nanosleep(&second, &rest) == -1 && errno == EINTR);
  CHECK(rest.tv_sec == 0 && rest.tv_nsec > 900000000);
}

static void waiting(void) {
  sigset_t set, old, now;
  int status;
  siginfo_t info;
  struct timespec short_time = {0, 10000000}, long_time = {5, 0};
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old);
  handle(SIGUSR2, counted, 0);
  count = 0;
  raise(SIGUSR2);
  CHECK(count == 0);
  CHECK(sigsuspend(&old) == -1 && errno == EINTR && count == 1);
  sigprocmask(SIG_BLOCK, 0, &now);
  CHECK(sigismember(&now, SIGUSR2));
  raise(SIGUSR2);
  CHECK(ppoll(0, 0, &long_time, &old) == -1 && errno == EINTR && count == 2);
  CHECK(sigtimedwait(&set, 0, &short_time) == -1 && errno == EAGAIN);
  pid_t child = fork();
  if (child == 0) {
    usleep(10000);
    kill(getppid(), SIGUSR2);
    _exit(0);
  }
  CHECK(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_pid == child && info.si_code == SI_USER);
  waitpid(child, &status, 0);
  sigprocmask(SIG_SETMASK, &old, 0);
}

int main(void) {
  frames();
  queues();
  interruptions();
  waiting();
  return 0;
}
