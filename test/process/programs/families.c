/* Children: how they end, stop and go on, who collects them; vfork; execve, also from another thread. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void *executes(void *unused) {
  execl("/proc/self/exe", "families", "again", (char *)0);
  return 0;
}

static void *pauses(void *unused) {
  pause();
  return 0;
}

static void *takes(void *mutex) {
  pthread_mutex_lock(mutex);
  return 0;
}

static void states(void) {
  int status;
  siginfo_t info;
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  kill(child, SIGSTOP);
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  kill(child, SIGTERM);
  usleep(1000);
  CHECK(waitpid(child, &status, WNOHANG) == 0);
  kill(child, SIGCONT);
  CHECK(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
  child = fork();
  if (child == 0) _exit(9);
  CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_pid == child && info.si_code == CLD_EXITED && info.si_status == 9);
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 9);
  CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
  signal(SIGCHLD, SIG_IGN);
  child = fork();
  if (child == 0) _exit(0);
  CHECK(waitpid(child, &status, 0) == -1 && errno == ECHILD);
  signal(SIGCHLD, SIG_DFL);
}

static void orphans(void) {
  int status;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) {
      usleep(20000);
      _exit(getppid() & 127);
    }
    _exit(0);
  }
  waitpid(child, &status, 0);
  CHECK(wait(&status) > 0 && WEXITSTATUS(status) == (getpid() & 127));
}

static void programs(void) {
  int status;
  pid_t child = vfork();
  if (child == 0) {
    execl("/proc/self/exe", "families", "again", (char *)0);
    _exit(1);
  }
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 42);
  for (int leader_exits = 0; leader_exits < 2; leader_exits++) {
    child = fork();
    if (child == 0) {
      pthread_t thread;
      pthread_create(&thread, 0, executes, 0);
      if (leader_exits) pthread_exit(0);
      pthread_join(thread, 0);
      _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 42);
  }
  CHECK(execl("/nonexistent", "x", (char *)0) == -1 && errno == ENOENT);
  CHECK(execl("/tmp", "x", (char *)0) == -1 && errno == EACCES);
  int file = open("/tmp/loop", O_CREAT | O_WRONLY, 0755);
  write(file, "#!/tmp/loop\n", 12);
  close(file);
  CHECK(execl("/tmp/loop", "x", (char *)0) == -1 && errno == ELOOP);
  char *big = malloc(200000);
  memset(big, 'a', 199999);
  big[199999] = 0;
  CHECK(execl("/proc/self/exe", "x", big, (char *)0) == -1 && errno == E2BIG);
}

static void threads(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    for (int i = 0; i < 5; i++) pthread_create(&thread, 0, pauses, 0);
    usleep(1000);
    exit(4);
  }
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
  pthread_mutexattr_t robust;
  pthread_mutex_t mutex;
  pthread_t thread;
  pthread_mutexattr_init(&robust);
  pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &robust);
  pthread_create(&thread, 0, takes, &mutex);
  pthread_join(thread, 0);
  CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
}

static void privileges(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    int right = setresuid(1000, 1000, 1000) == 0 && setuid(0) == -1 && errno == EPERM;
    _exit(right && kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 1);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  struct rlimit limit = {5, 1024};
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(dup2(1, 5) == -1 && errno == EBADF);
}

int main(int argc, char **argv) {
  if (argc > 1) return getpid() == syscall(SYS_gettid) ? 42 : 1;
  states();
  orphans();
  programs();
  threads();
  privileges();
  return 0;
}
