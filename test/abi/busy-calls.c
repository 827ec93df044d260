/* Programs that are written or run (ETXTBSY), sleep by CPU time, and mappings of files with holes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0)
    printf("%s: %s\n", what, strerrorname_np(errno));
  else
    printf("%s: %ld\n", what, result);
}
#define T(call) (errno = 0, say(#call, (long)(call)))

static void busy(void) {
  char piece[65536], *arguments[] = {"copy", "hold", NULL}, *none[] = {NULL};
  int to = open("copy", O_WRONLY | O_CREAT, 0755), from = open("/proc/self/exe", O_RDONLY), ready[2], hold[2], n;
  while ((n = read(from, piece, sizeof piece)) > 0) write(to, piece, n);
  T(execve("copy", arguments, none));
  int script = open("script", O_WRONLY | O_CREAT, 0755);
  write(script, "#!./copy\n", 9);
  T(execve("script", arguments, none));
  close(script);
  T(execve("script", arguments, none));
  fchmod(to, 0644);
  setuid(0);
  T(execve("copy", arguments, none));
  fchmod(to, 0755);
  close(to);
  pipe(ready);
  pipe(hold);
  if (fork() == 0) {
    dup2(hold[0], 0);
    dup2(ready[1], 1);
    close(hold[1]);
    execve("copy", arguments, none);
    _exit(1);
  }
  read(ready[0], piece, 1);
  T(open("copy", O_WRONLY));
  T(open("copy", O_RDWR));
  T(open("copy", O_RDONLY | O_TRUNC));
  T(open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0600));
  T(truncate("copy", 10));
  T(access("copy", W_OK));
  T(chmod("copy", 0700));
  T(rename("copy", "moved"));
  T(open("moved", O_WRONLY));
  T(open("moved", O_RDONLY) < 0);
  T(open("copy", O_WRONLY | O_CREAT, 0600) < 0);
  T(unlink("moved"));
  write(hold[1], "x", 1);
  wait(NULL);
}

static void *spin(void *unused) {
  for (volatile int turns = 0;; turns++) continue;
}
static void caught(int signal) {}

static void sleeping(void) {
  struct timespec bit = {0, 30000000}, bad = {0, 1000000000}, before, after, left = {0, 0}, long_one = {100, 0};
  pthread_t thread;
  clockid_t child, own;
#define SLEEP(id, flags, time, rest) T(syscall(SYS_clock_nanosleep, id, flags, time, rest))
  SLEEP(CLOCK_THREAD_CPUTIME_ID, 0, &bit, NULL);
  pthread_getcpuclockid(pthread_self(), &own);
  SLEEP(own, 0, &bit, NULL);
  SLEEP(99, 0, NULL, NULL);
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, 0, NULL, NULL);
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, 0, &bad, NULL);
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &(struct timespec){0}, NULL);
  sigset_t alarm_alone;
  sigemptyset(&alarm_alone);
  sigaddset(&alarm_alone, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm_alone, NULL);
  pthread_create(&thread, NULL, spin, NULL);
  pthread_sigmask(SIG_UNBLOCK, &alarm_alone, NULL);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, 0, &bit, NULL);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  long used = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  printf("%d\n", used >= 30000000);
  after.tv_sec += (after.tv_nsec + 20000000) / 1000000000;
  after.tv_nsec = (after.tv_nsec + 20000000) % 1000000000;
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &after, NULL);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  printf("%d\n", before.tv_sec > after.tv_sec || (before.tv_sec == after.tv_sec && before.tv_nsec >= after.tv_nsec));
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = caught}, NULL);
  ualarm(20000, 0);
  SLEEP(CLOCK_PROCESS_CPUTIME_ID, 0, &long_one, &left);
  printf("%d\n", left.tv_sec >= 90 && left.tv_sec < 100);
  pid_t pid = fork();
  if (pid == 0) spin(NULL);
  clock_getcpuclockid(pid, &child);
  SLEEP(child, 0, &bit, NULL);
  kill(pid, SIGKILL);
  wait(NULL);
  SLEEP(child, 0, &bit, NULL);
}

static uint64_t entry(int fd, void *at) {
  uint64_t value = 0;
  pread(fd, &value, 8, (uintptr_t)at / 4096 * 8);
  return value >> 61 & 5;
}

static void mapped(void) {
  unsigned char there[4];
  int fd = open("/dev/shm/holes", O_RDWR | O_CREAT, 0600), reader = open("/dev/shm/holes", O_RDONLY), map = open("/proc/self/pagemap", O_RDONLY);
  unlink("/dev/shm/holes");
  ftruncate(fd, 16384);
  char *own = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  T(mincore(own, 16384, there));
  printf("%d%d%d%d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
  if (fork() == 0) {
    volatile char *page = own;
    for (int i = 1; i < 3; i++) page[i * 4096];
    _exit(0);
  }
  wait(NULL);
  T(mincore(own, 16384, there));
  printf("%d%d%d%d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
  own[4096] = 1;
  printf("%d %d\n", (int)entry(map, own), (int)entry(map, own + 4096));
  char *shared = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memset(shared, 'x', 16384);
  printf("%d\n", (int)entry(map, shared));
  T(pread(map, there, 4, 0));
  T(pread(map, there, 3, 8));
  T(madvise(shared + 4096, 8192, MADV_REMOVE));
  pread(fd, there, 4, 8190);
  printf("%d%d%d %c%c\n", shared[4095], shared[4096], shared[12287], there[0] + '0', shared[12288]);
  char *sight = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);
  T(madvise(sight, 4096, MADV_REMOVE));
  T(madvise(own, 4096, MADV_REMOVE));
  mlock(shared, 4096);
  T(madvise(shared, 4096, MADV_REMOVE));
  T(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | 0x200000, fd, 0) == MAP_FAILED ? -1 : 0);
  T(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0) == MAP_FAILED ? -1 : 0);
  T(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_POPULATE | MAP_STACK, fd, 0) == MAP_FAILED ? -1 : 0);
  T(mmap(NULL, 4096, PROT_READ, MAP_SHARED | 0x200000, fd, 0) == MAP_FAILED ? -1 : 0);
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (count == 2) {
    char byte;
    write(1, "r", 1);
    return read(0, &byte, 1) < 0;
  }
  if (count == 3) return 0;
  busy();
  mapped();
  sleeping();
  return 0;
}
