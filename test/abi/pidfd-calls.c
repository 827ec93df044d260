/*
 * What Linux promises of descriptors that stand for processes, line by line.
 *
 * pidfd-calls.expected was recorded on Linux 6.18 (x86-64): the emulator of the other tables does not know these calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD O_EXCL
struct clone_arguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define T(call) say(#call, (long)(call))

static int open_pid(int pid, unsigned flags) { return syscall(434, pid, flags); }
static int send_to(int fd, int signal, void *info, unsigned flags) { return syscall(424, fd, signal, info, flags); }
static int take(int fd, int theirs, unsigned flags) { return syscall(438, fd, theirs, flags); }
static int ready(int fd, int wait_ms) {
  struct pollfd p = {fd, POLLIN | POLLRDNORM, 0};
  poll(&p, 1, wait_ms);
  return p.revents;
}
static int collect(int fd, int options) {
  siginfo_t info = {0};
  int result = waitid(P_PIDFD, fd, &info, options);
  if (result == 0) printf("code %d status %d\n", info.si_code, info.si_status);
  return result;
}

static int other, go[2];
static void *waits(void *_) {
  other = syscall(SYS_gettid);
  write(go[1], "", 1);
  usleep(50000);
  return 0;
}

static void itself(void) {
  puts("# the process itself");
  T(open_pid(-1, 0));
  T(open_pid(0, 0));
  T(open_pid(1 << 28, 0));
  T(open_pid(getpid(), 1));
  int fd = open_pid(getpid(), 0);
  T(fcntl(fd, F_GETFD));
  T(fcntl(fd, F_GETFL) & O_NONBLOCK);
  T(!!(fcntl(open_pid(getpid(), O_NONBLOCK), F_GETFL) & O_NONBLOCK));
  char bytes[8];
  T(read(fd, bytes, 8));
  T(write(fd, bytes, 8));
  T(lseek(fd, 0, SEEK_SET));
  T(ready(fd, 0));
  T(send_to(fd, 0, 0, 0));
  T(send_to(fd, 0, 0, 8));
  T(send_to(fd, 0, 0, 3));
  T(send_to(fd, 100, 0, 0));
  T(send_to(go[0], 0, 0, 0));
  T(send_to(-1, 0, 0, 0));
  siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
  T(send_to(fd, SIGUSR1, &info, 0));
  T(send_to(fd, SIGUSR1, (void *)8, 0));
  T(send_to(fd, SIGURG, &info, 0));
  T(collect(fd, WEXITED | WNOHANG));
  T(collect(go[0], WEXITED | WNOHANG));
  T(collect(-1, WEXITED | WNOHANG));
  T(collect(77, WEXITED | WNOHANG));
  char path[64], link[64] = {0};
  sprintf(path, "/proc/self/fd/%d", fd);
  readlink(path, link, 63);
  puts(link);
  sprintf(path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "r");
  char line[128];
  int pid = 0;
  while (fgets(line, sizeof line, file)) sscanf(line, "Pid: %d", &pid);
  T(pid == getpid());
}

static void thread(void) {
  puts("# a thread");
  pthread_t id;
  char byte;
  pthread_create(&id, 0, waits, 0);
  read(go[0], &byte, 1);
  T(open_pid(other, 0));
  int fd = open_pid(other, THREAD);
  T(fd > 0);
  T(send_to(fd, 0, 0, 1));
  T(ready(fd, 2000));
  T(send_to(fd, 0, 0, 0));
  pthread_join(id, 0);
}

static void child(void) {
  puts("# a child");
  int pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  int fd = open_pid(pid, O_NONBLOCK);
  T(ready(fd, 0));
  siginfo_t info = {.si_signo = SIGUSR1};
  T(send_to(fd, SIGUSR1, &info, 0));
  T(collect(fd, WEXITED | WNOHANG));
  T(collect(fd, WEXITED));
  T(take(fd, go[0], 0) > 0);
  T(fcntl(take(fd, go[0], 0), F_GETFD));
  T(take(fd, 99, 0));
  T(take(fd, 0, 1));
  T(take(go[0], 0, 0));
  T(take(-1, 0, 0));
  T(send_to(fd, SIGKILL, 0, 0));
  T(ready(fd, 2000));
  T(send_to(fd, 0, 0, 0));
  T(open_pid(pid, 0) > 0);
  T(take(fd, 0, 0));
  T(collect(fd, WEXITED | WNOWAIT));
  T(collect(fd, WEXITED));
  T(ready(fd, 0));
  T(send_to(fd, 0, 0, 0));
  T(take(fd, 0, 0));
  T(collect(fd, WEXITED));
  T(open_pid(pid, 0));
}

static void cloned(void) {
  puts("# clone");
  int fd = -7;
  if (syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0) == 0) _exit(fcntl(fd, F_GETFD) < 0 ? 7 : 8);
  T(fcntl(fd, F_GETFD));
  T(collect(fd, WEXITED));
  T(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, (void *)8, 0, 0));
  T(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0));
  struct clone_arguments a = {.flags = CLONE_PIDFD, .pidfd = 8, .exit_signal = SIGCHLD};
  T(syscall(435, &a, sizeof a));
  a.flags |= CLONE_PARENT_SETTID;
  a.pidfd = a.parent_tid = (uint64_t)&fd;
  T(syscall(435, &a, sizeof a));
  a.flags = CLONE_PIDFD | CLONE_DETACHED;
  T(syscall(435, &a, sizeof a));
  a.flags = CLONE_PIDFD;
  if (syscall(435, &a, sizeof a) == 0) _exit(9);
  T(collect(fd, WEXITED));
  struct rlimit limit = {dup(0), 4096};
  close(limit.rlim_cur);
  setrlimit(RLIMIT_NOFILE, &limit);
  T(syscall(435, &a, sizeof a));
  T(waitpid(-1, 0, WNOHANG));
  limit.rlim_cur = 1024;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void directories(void) {
  puts("# directories of /proc");
  int fd = open("/proc/self", O_DIRECTORY);
  T(send_to(fd, 0, 0, 0));
  T(collect(fd, WEXITED));
  T(take(fd, 0, 0));
  T(send_to(open("/proc", O_DIRECTORY), 0, 0, 0));
  T(send_to(open("/proc/self/fd", O_DIRECTORY), 0, 0, 0));
  T(send_to(open("/proc/self", O_PATH), 0, 0, 0));
}

int main(void) {
  pipe(go);
  setpgid(0, 0);
  itself();
  thread();
  child();
  cloned();
  directories();
  return 0;
}
