/*
 * Robust mutexes that processes share, plain and with inherited priority: the owner is killed while another one waits.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

static void robust(int protocol) {
  pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t how;
  pthread_mutexattr_init(&how);
  pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setprotocol(&how, protocol);
  pthread_mutex_init(mutex, &how);
  int ready[2];
  char byte = 0;
  pipe(ready);
  pid_t child = fork();
  if (child == 0) {
    pthread_mutex_lock(mutex);
    write(ready[1], &byte, 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  pid_t second = fork();
  if (second == 0) {
    int result = pthread_mutex_lock(mutex);
    printf("second: %s\n", strerrorname_np(result));
    printf("consistent %d\n", pthread_mutex_consistent(mutex));
    printf("unlock %d\n", pthread_mutex_unlock(mutex));
    fflush(stdout);
    _exit(0);
  }
  pause_ms(40);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  waitpid(second, NULL, 0);
  printf("third: %d\n", pthread_mutex_lock(mutex));
  printf("unlock %d\n", pthread_mutex_unlock(mutex));
  fflush(stdout);
  munmap(mutex, 4096);
}

int main(void) {
  robust(PTHREAD_PRIO_NONE);
  robust(PTHREAD_PRIO_INHERIT);
  return 0;
}
