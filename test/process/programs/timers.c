/* Timers of timer_create and setitimer, by the clock and by CPU time. */
#include "check.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static volatile int count, value, overrun, user, profile;

static void expired(int signal, siginfo_t *info, void *context) {
  count++;
  value = info->si_value.sival_int;
  overrun = info->si_overrun;
}

static void consumed(int signal) {
  if (signal == SIGVTALRM) user++;
  if (signal == SIGPROF) profile++;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = expired;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN, &action, 0);
  timer_t timer;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  event.sigev_value.sival_int = 77;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  struct itimerspec every = {.it_value = {0, 5000000}, .it_interval = {0, 5000000}}, now;
  CHECK(timer_settime(timer, 0, &every, 0) == 0);
  while (count < 3) pause();
  timer_gettime(timer, &now);
  CHECK(value == 77 && now.it_interval.tv_nsec == 5000000 && now.it_value.tv_nsec > 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, 0);
  count = 0;
  usleep(52000);
  sigprocmask(SIG_UNBLOCK, &set, 0);
  CHECK(count == 1 && overrun >= 8);
  CHECK(timer_delete(timer) == 0);
  CHECK(timer_settime(timer, 0, &every, 0) == -1 && errno == EINVAL);

  signal(SIGVTALRM, consumed);
  signal(SIGPROF, consumed);
  struct itimerval cpu = {.it_value = {0, 30000}, .it_interval = {0, 30000}}, off = {0};
  setitimer(ITIMER_VIRTUAL, &cpu, 0);
  setitimer(ITIMER_PROF, &cpu, 0);
  for (volatile long i = 0; i < 600000000 && (user < 2 || profile < 2); i++) continue;
  CHECK(user >= 2 && profile >= 2);
  setitimer(ITIMER_VIRTUAL, &off, 0);
  setitimer(ITIMER_PROF, &off, 0);
  int status;
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {1, 2};
    signal(SIGXCPU, SIG_DFL);
    setrlimit(RLIMIT_CPU, &limit);
    for (;;) continue;
  }
  CHECK(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGXCPU);
  return 0;
}
