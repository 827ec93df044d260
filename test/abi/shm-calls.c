/*
 * System V shared memory, call by call, with what each returned or what an access found: a table.
 *
 * Run by root. What Linux prints is in shm-calls.expected, recorded on Linux 6.18 (x86-64). With the argument `attach` and an
 * id it attaches that segment and ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "accesses.h"

#define PAGE 4096L
#define KEY 0x5354524b
#define NOWHERE ((char *)0x20000000)
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#define IN_CHILD(...)                                                                           \
  do {                                                                                          \
    fflush(stdout);                                                                             \
    if (fork() == 0) {                                                                          \
      __VA_ARGS__;                                                                              \
      fflush(stdout);                                                                           \
      _exit(0);                                                                                 \
    }                                                                                           \
    wait(NULL);                                                                                 \
  } while (0)

static struct shmid_ds stat_of(int id) {
  struct shmid_ds s;
  memset(&s, 0, sizeof s);
  shmctl(id, IPC_STAT, &s);
  return s;
}
static long attached(int id) {
  struct shmid_ds s;
  return shmctl(id, IPC_STAT, &s) == 0 ? (long)s.shm_nattch : -1;
}
static int segment(long bytes) { return shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600); }

static void getting(void) {
  CALL(shmget(KEY, 100, 0));
  CALL(shmget(KEY, 0, IPC_CREAT | 0600));
  CALL(shmget(KEY, -1, IPC_CREAT | 0600));
  CALL(shmget(KEY, 1L << 46, IPC_CREAT | 0600));
  int id = shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0640);
  SHOW(id >= 0);
  CALL(shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0640));
  CALL(shmget(KEY, 5001, 0));
  CALL(shmget(KEY, 9000, IPC_CREAT | 0600));
  SHOW(shmget(KEY, 5000, 0) == id);
  SHOW(shmget(KEY, 0, 0) == id);
  struct shmid_ds s = stat_of(id);
  SHOW(s.shm_segsz);
  SHOW(s.shm_perm.mode);
  SHOW(s.shm_perm.__key == KEY);
  SHOW(s.shm_nattch);
  SHOW(s.shm_cpid == getpid());
  SHOW(s.shm_lpid);
  SHOW(s.shm_atime);
  SHOW(s.shm_dtime);
  SHOW(labs(s.shm_ctime - time(NULL)) < 3);
  CALL(shmctl(id, IPC_RMID, NULL));
  CALL(shmctl(id, IPC_STAT, &s));
  CALL(shmctl(id, IPC_RMID, NULL));
  CALL(shmat(id, NULL, 0));
  CALL(shmget(KEY, 100, 0));
}

static void attaching(void) {
  int id = segment(3 * PAGE - 10);
  char *a = shmat(id, NULL, 0);
  char *b = shmat(id, NULL, SHM_RDONLY);
  SHOW(a != b);
  SHOW(attached(id));
  SHOW(put(a + 5, 7));
  SHOW(get(b + 5));
  SHOW(put(b + 5, 1));
  CALL(mprotect(b, PAGE, PROT_READ | PROT_WRITE));
  CALL(mprotect(a, PAGE, PROT_READ | PROT_EXEC));
  SHOW(attached(id));
  CALL(mprotect(a, PAGE, PROT_READ | PROT_WRITE));
  SHOW(put(a + 3 * PAGE - 1, 9));
  struct shmid_ds s = stat_of(id);
  SHOW(s.shm_lpid == getpid());
  SHOW(labs(s.shm_atime - time(NULL)) < 3);
  SHOW(s.shm_dtime);
  CALL(shmdt(a + 1));
  CALL(shmdt(a + PAGE));
  CALL(shmdt(b));
  SHOW(attached(id));
  CALL(shmdt(b));
  SHOW(labs(stat_of(id).shm_dtime - time(NULL)) < 3);

  CALL(shmat(id, NOWHERE + 1, 0));
  SHOW(shmat(id, NOWHERE + 1, SHM_RND) == NOWHERE);
  SHOW(get(NOWHERE + 5));
  CALL(shmat(id, NOWHERE, 0));
  CALL(shmat(id, NOWHERE + 2 * PAGE, 0));
  CALL(shmat(id, NOWHERE - PAGE, 0));
  SHOW(shmat(id, NOWHERE + PAGE, SHM_REMAP) == NOWHERE + PAGE);
  SHOW(get(NOWHERE + PAGE + 5));
  SHOW(attached(id));
  CALL(shmat(id, NULL, SHM_REMAP));
  CALL(shmdt(NOWHERE));
  SHOW(attached(id));
  CALL(shmdt(NOWHERE + PAGE));
  CALL(shmat(-1, NULL, 0));
  CALL(shmat(id, (void *)-PAGE, 0));

  /* Holes in the middle: what is left of one attachment goes together. */
  char *c = shmat(id, NULL, 0);
  SHOW(attached(id));
  CALL(munmap(c + PAGE, PAGE));
  SHOW(attached(id));
  SHOW(get(c + PAGE));
  SHOW(get(c + 3 * PAGE - 1));
  CALL(shmdt(c));
  SHOW(get(c + 3 * PAGE - 1));
  SHOW(attached(id));
  c = shmat(id, NULL, 0);
  CALL(munmap(c, PAGE));
  CALL(shmdt(c + PAGE));
  CALL(shmdt(c));
  SHOW(attached(id));
  CALL(shmdt(a));
  SHOW(attached(id));
  char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CALL(shmdt(own));
  a = shmat(id, NULL, 0);
  SHOW(get(a + 5));
  shmctl(id, IPC_RMID, NULL);
  shmdt(a);
}

/* Beyond the segment there is nothing, however large the mapping is made. */
static void remapping(void) {
  int id = segment(2 * PAGE);
  char *a = shmat(id, NULL, 0);
  SHOW(put(a + PAGE, 3));
  char *b = mremap(a, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
  SHOW(get(b + PAGE));
  SHOW(get(b + 2 * PAGE));
  SHOW(attached(id));
  char *c = mremap(b, 0, 2 * PAGE, MREMAP_MAYMOVE);
  SHOW(get(c + PAGE));
  SHOW(attached(id));
  CALL(shmdt(c));
  CALL(shmdt(b));
  SHOW(attached(id));
  shmctl(id, IPC_RMID, NULL);
}

static void removal(void) {
  int id = shmget(KEY, PAGE, IPC_CREAT | 0600);
  char *a = shmat(id, NULL, 0);
  put(a, 42);
  CALL(shmctl(id, IPC_RMID, NULL));
  CALL(shmget(KEY, PAGE, 0));
  struct shmid_ds s = stat_of(id);
  printf("mode %o key %d nattch %ld\n", s.shm_perm.mode, s.shm_perm.__key, (long)s.shm_nattch);
  int other = shmget(KEY, PAGE, IPC_CREAT | 0600);
  SHOW(other >= 0 && other != id);
  char *b = shmat(id, NULL, 0);
  SHOW(get(b));
  CALL(shmctl(id, IPC_RMID, NULL));
  CALL(shmdt(a));
  SHOW(attached(id));
  SHOW(get(b));
  CALL(shmdt(b));
  SHOW(attached(id));
  CALL(shmctl(other, IPC_RMID, NULL));
  SHOW(attached(other));
}

static void processes(const char *self) {
  int id = segment(PAGE);
  char *a = shmat(id, NULL, 0);
  IN_CHILD({
    SHOW(attached(id));
    put(a, 5);
    char *again = shmat(id, NULL, 0);
    SHOW(attached(id));
  });
  SHOW(get(a));
  SHOW(attached(id));
  SHOW(stat_of(id).shm_lpid == getpid());
  IN_CHILD({
    char number[20];
    sprintf(number, "%d", id);
    execl(self, self, "attach", number, NULL);
  });
  SHOW(attached(id));
  SHOW(get(a + 1));
  IN_CHILD(shmctl(id, IPC_RMID, NULL); shmdt(a));
  SHOW(attached(id));
  SHOW(get(a));
  IN_CHILD(SHOW(attached(id)));
  CALL(shmdt(a));
  SHOW(attached(id));
  /* Who is killed detaches too. */
  id = segment(PAGE);
  int child = fork();
  if (child == 0) {
    shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    for (;;) pause();
  }
  while (attached(id) != 1) usleep(1000);
  SHOW(stat_of(id).shm_cpid == getpid());
  SHOW(stat_of(id).shm_lpid == child);
  kill(child, SIGKILL);
  wait(NULL);
  SHOW(attached(id));
  /* It was the last that had it. */
  id = segment(PAGE);
  a = shmat(id, NULL, 0);
  child = fork();
  if (child == 0)
    for (;;) pause();
  while (attached(id) != 2) usleep(1000);
  SHOW(stat_of(id).shm_lpid == getpid());
  kill(child, SIGKILL);
  wait(NULL);
  SHOW(stat_of(id).shm_lpid == child);
  CALL(shmdt(a));
  CALL(shmctl(id, IPC_RMID, NULL));
}

static void rights(void) {
  int id = segment(PAGE), shared = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0644);
  struct shmid_ds s = stat_of(id);
  IN_CHILD({
    setgid(65534);
    setuid(65534);
    CALL(shmat(id, NULL, SHM_RDONLY));
    CALL(shmctl(id, IPC_STAT, &s));
    CALL(shmctl(id, IPC_SET, &s));
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmctl(id, SHM_LOCK, NULL));
    CALL(shmat(shared, NULL, 0));
    SHOW(shmat(shared, NULL, SHM_RDONLY) != (void *)-1);
    CALL(shmat(shared, NULL, SHM_RDONLY | SHM_EXEC));
    CALL(shmctl(shared, IPC_STAT, &s));
  });
  s.shm_perm.uid = 65534;
  s.shm_perm.gid = 65534;
  s.shm_perm.mode = 07620;
  CALL(shmctl(id, IPC_SET, &s));
  s = stat_of(id);
  printf("mode %o uid %d gid %d cuid %d\n", s.shm_perm.mode, s.shm_perm.uid, s.shm_perm.gid, s.shm_perm.cuid);
  IN_CHILD({
    setgid(65534);
    setuid(65534);
    SHOW(shmat(id, NULL, 0) != (void *)-1);
    CALL(shmctl(id, SHM_LOCK, NULL));
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_MEMLOCK, &none);
    CALL(shmctl(id, SHM_UNLOCK, NULL));
    CALL(shmctl(id, SHM_LOCK, NULL));
  });
  CALL(shmctl(id, SHM_LOCK, NULL));
  SHOW(stat_of(id).shm_perm.mode & SHM_LOCKED);
  CALL(shmctl(id, SHM_UNLOCK, NULL));
  SHOW(stat_of(id).shm_perm.mode & SHM_LOCKED);
  CALL(shmctl(id, IPC_STAT, (void *)1));
  CALL(shmctl(id, IPC_SET, (void *)1));
  CALL(shmctl(id, 77, &s));
  CALL(shmctl(-1, IPC_STAT, &s));
  struct rlimit little = {4096, RLIM_INFINITY};
  IN_CHILD(setrlimit(RLIMIT_AS, &little); CALL(shmat(id, NULL, 0)));
  CALL(shmctl(id, IPC_RMID, NULL));
  CALL(shmctl(shared, IPC_RMID, NULL));
}

static void figures(void) {
  struct shminfo most;
  SHOW(shmctl(0, IPC_INFO, (void *)&most) >= 0);
  printf("%lu %lu %lu %lu\n", most.shmmax, most.shmmin, most.shmmni, most.shmall);
  int id = shmget(KEY, 3 * PAGE, IPC_CREAT | 0604);
  char *a = shmat(id, NULL, 0);
  put(a, 1);
  struct shm_info now;
  int last = shmctl(0, SHM_INFO, (void *)&now);
  SHOW(now.used_ids);
  SHOW(now.shm_tot);
  SHOW(now.shm_rss);
  struct shmid_ds s;
  SHOW(shmctl(last, SHM_STAT, &s) == id);
  SHOW(s.shm_nattch);
  SHOW(shmctl(last, SHM_STAT_ANY, &s) == id);
  CALL(shmctl(last + 1, SHM_STAT, &s));
  char line[300], key[20];
  sprintf(key, "%d", KEY);
  FILE *table = fopen("/proc/sysvipc/shm", "r");
  while (fgets(line, sizeof line, table)) {
    unsigned mode;
    int number, creator, user;
    long bytes, attachments, resident;
    if (!strstr(line, key)) continue;
    sscanf(line, "%*d %d %o %ld %d %d %ld %*d %*d %*d %*d %*d %*d %*d %ld", &number, &mode, &bytes, &creator, &user,
           &attachments, &resident);
    printf("%d %o %ld %d %d %ld %ld\n", number == id, mode, bytes, creator == getpid(), user == getpid(), attachments,
           resident);
  }
  fclose(table);
  shmctl(id, IPC_RMID, NULL);
}

int main(int count, char **arguments) {
  if (count > 2) {
    int id = atoi(arguments[2]);
    SHOW(attached(id));
    char *a = shmat(id, NULL, 0);
    SHOW(attached(id));
    a[1] = 6;
    return 0;
  }
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  getting();
  attaching();
  remapping();
  removal();
  processes(arguments[0]);
  rights();
  figures();
  return 0;
}
