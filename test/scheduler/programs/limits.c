/* Limits on priorities and on CPU time, by the CPU clocks and timers on them: getrlimit(2), sched(7), timer_create(2). */
#include "../../process/programs/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

#define MS 1000000LL

static volatile int count;
static volatile int overrun;
static void counted(int signal) { count++; }
static void expired(int signal, siginfo_t *info, void *context) {
  count++;
  overrun = info->si_overrun;
}

static long long now(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) < 0) return -1;
  return time.tv_sec * 1000 * MS + time.tv_nsec;
}

/* About 20 us at 4 ns an instruction. */
static void work(void) {
  for (volatile int i = 0; i < 1000; i++) continue;
}

/* Use CPU time: so much, or until `count` is that high. */
static void burn(long long ns, int until) {
  long long end = now(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (count < until && now(CLOCK_THREAD_CPUTIME_ID) < end) work();
}

static int set(int policy, int priority) {
  struct sched_param param = {priority};
  return syscall(SYS_sched_setscheduler, 0, policy, &param);
}

static void limit(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit value = {soft, hard};
  CHECK(setrlimit(resource, &value) == 0);
}

/* What the child does in `part` ends by this signal; 0 = it exits. */
static int ended(void (*part)(void)) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    part();
    _exit(0);
  }
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void priorities(void) {
  limit(RLIMIT_NICE, 25, 25);
  limit(RLIMIT_RTPRIO, 10, 10);
  CHECK(setresuid(1000, 1000, 1000) == 0);
  CHECK(setpriority(PRIO_PROCESS, 0, -5) == 0);
  CHECK(setpriority(PRIO_PROCESS, 0, -6) == -1 && errno == EACCES);
  CHECK(set(SCHED_FIFO, 11) == -1 && errno == EPERM);
  CHECK(set(SCHED_FIFO, 10) == 0);
  /* Without the limit a thread may go on at, or below, the priority that it has, by the same policy. */
  limit(RLIMIT_RTPRIO, 0, 0);
  CHECK(set(SCHED_FIFO, 11) == -1 && errno == EPERM);
  CHECK(set(SCHED_FIFO, 9) == 0);
  CHECK(set(SCHED_FIFO, 10) == -1 && errno == EPERM);
  CHECK(set(SCHED_RR, 5) == -1 && errno == EPERM);
  CHECK(set(SCHED_IDLE, 0) == 0);
  CHECK(set(SCHED_OTHER, 0) == 0);
  limit(RLIMIT_NICE, 15, 15);
  CHECK(set(SCHED_IDLE, 0) == 0);
  CHECK(set(SCHED_OTHER, 0) == -1 && errno == EPERM);
}

static void past_cpu_limit(void) {
  handle(SIGXCPU, counted, 0);
  limit(RLIMIT_CPU, 1, 3);
  burn(10000 * MS, 1);
  long long at = now(CLOCK_PROCESS_CPUTIME_ID);
  CHECK(count == 1 && at >= 1000 * MS && at < 1200 * MS);
  burn(10000 * MS, 2);
  at = now(CLOCK_PROCESS_CPUTIME_ID);
  CHECK(count == 2 && at >= 2000 * MS && at < 2200 * MS);
  burn(10000 * MS, 99);
}

static void past_soft_limit(void) {
  limit(RLIMIT_CPU, 1, RLIM_INFINITY);
  burn(10000 * MS, 99);
}

static void past_realtime_limit(void) {
  handle(SIGXCPU, counted, 0);
  limit(RLIMIT_RTTIME, 100000, 300000);
  burn(500 * MS, 1);
  CHECK(count == 0);
  CHECK(set(SCHED_FIFO, 1) == 0);
  for (int i = 0; i < 5; i++) {
    burn(80 * MS, 1);
    usleep(1000);
  }
  CHECK(count == 0);
  burn(150 * MS, 1);
  CHECK(count == 1);
  sched_yield();
  burn(1000 * MS, 99);
}

static void *burns(void *clock) {
  pthread_getcpuclockid(pthread_self(), clock);
  burn(30 * MS, 99);
  while (count < 50) usleep(1000);
  return 0;
}

static void clocks(void) {
  long long before = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
  for (int i = 0; i < 3000; i++) {
    work();
    long long after = now(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(after >= before);
    before = after;
  }
  usleep(50000);
  CHECK(now(CLOCK_PROCESS_CPUTIME_ID) - before < 20 * MS);
  pthread_t thread;
  clockid_t clock = 0, process;
  pthread_create(&thread, 0, burns, &clock);
  while (clock == 0 || now(clock) < 30 * MS) usleep(1000);
  CHECK(now(clock) < 60 * MS);
  CHECK(clock_getcpuclockid(getpid(), &process) == 0 && now(process) >= now(clock));
  CHECK(clock_getcpuclockid(getppid(), &process) == 0 && now(process) >= 0);
  count = 50;
  pthread_join(thread, 0);
  CHECK(now(clock) == -1 && errno == EINVAL);
  struct rusage self, own, children;
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_THREAD, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  CHECK(self.ru_utime.tv_sec * 1000000 + self.ru_utime.tv_usec >=
        own.ru_utime.tv_sec * 1000000 + own.ru_utime.tv_usec + 25000);
  struct tms spent;
  CHECK(times(&spent) > 0 && spent.tms_cutime >= 400);
  CHECK(children.ru_utime.tv_sec >= 4);
}

static void timers(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = expired;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN, &action, 0);
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_signo = SIGRTMIN;
  clockid_t ids[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  for (int i = 0; i < 2; i++) {
    timer_t timer;
    struct itimerspec every = {.it_value = {0, 100 * MS}, .it_interval = {0, 100 * MS}}, left;
    count = 0;
    CHECK(timer_create(ids[i], &event, &timer) == 0);
    long long start = now(ids[i]);
    CHECK(timer_settime(timer, 0, &every, 0) == 0);
    usleep(300000);
    CHECK(count == 0);
    timer_gettime(timer, &left);
    CHECK(left.it_value.tv_nsec > 80 * MS && left.it_value.tv_nsec <= 100 * MS);
    burn(2000 * MS, 3);
    CHECK(count == 3 && now(ids[i]) - start >= 300 * MS && now(ids[i]) - start < 400 * MS);
    /* By an absolute time that is past it expires at once. */
    struct itimerspec past = {.it_value = {0, 1}};
    count = 0;
    CHECK(timer_settime(timer, TIMER_ABSTIME, &past, 0) == 0);
    CHECK(count == 1);
    timer_gettime(timer, &left);
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    CHECK(timer_delete(timer) == 0);
  }
  timer_t timer;
  CHECK(syscall(SYS_timer_create, (~99999) << 3 | 2, &event, &timer) == -1 && errno == EINVAL);
  CHECK(syscall(SYS_timer_create, -1, &event, &timer) == -1 && errno == EINVAL);
}

int main(void) {
  CHECK(ended(priorities) == 0);
  CHECK(ended(past_cpu_limit) == SIGKILL);
  CHECK(ended(past_soft_limit) == SIGXCPU);
  CHECK(ended(past_realtime_limit) == SIGKILL);
  clocks();
  timers();
  return 0;
}
