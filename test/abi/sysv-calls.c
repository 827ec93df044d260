/*
 * Settings and ids of System V IPC: kernel.shm*, kernel.msgmni, kernel.sem, *_next_id, and the commands that count by places.
 *
 * Whatever is set is put back. What others have is left out: ids are compared, not printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACES 32768
#define HUGE_PAGES 04000

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
#define CALL(call) say(#call, call)

static char kept[100];
static void get(const char *name, char *into) {
  char path[100];
  sprintf(path, "/proc/sys/kernel/%s", name);
  int fd = open(path, O_RDONLY), size = read(fd, into, 99);
  into[size > 0 ? size - 1 : 0] = 0;
  close(fd);
}
static long set(const char *name, const char *value) {
  char path[100];
  sprintf(path, "/proc/sys/kernel/%s", name);
  int fd = open(path, O_WRONLY);
  long result = write(fd, value, strlen(value));
  int error = errno;
  close(fd);
  errno = error;
  return result < 0 ? -1 : 0;
}
static void show(const char *name) {
  char value[100];
  get(name, value);
  printf("%s: %s\n", name, value);
}

static int count(const char *table) {
  char line[300];
  int lines = -1;
  FILE *file = fopen(table, "r");
  while (fgets(line, sizeof line, file)) lines++;
  fclose(file);
  return lines;
}

static void segments(void) {
  char value[100];
  int id, more;
  struct shminfo most;
  get("shmmax", kept);
  CALL(set("shmmax", "8192"));
  show("shmmax");
  CALL((id = shmget(IPC_PRIVATE, 8193, 0600)));
  id = shmget(IPC_PRIVATE, 8192, 0600);
  printf("as much as there may be: %d\n", id >= 0);
  shmctl(id, IPC_RMID, NULL);
  shmctl(0, IPC_INFO, (void *)&most);
  printf("told of %lu\n", most.shmmax);
  CALL(set("shmmax", "18446744073709551615"));
  show("shmmax");
  CALL(set("shmmax", "much"));
  CALL(set("shmmax", kept));
  show("shmmax");
  get("shmmni", kept);
  sprintf(value, "%d", count("/proc/sysvipc/shm") + 1);
  CALL(set("shmmni", value));
  id = shmget(IPC_PRIVATE, 4096, 0600);
  CALL((more = shmget(IPC_PRIVATE, 4096, 0600)));
  CALL(set("shmmni", "32769"));
  CALL(set("shmmni", kept));
  show("shmmni");
  get("shmall", kept);
  CALL(set("shmall", "0"));
  CALL((more = shmget(IPC_PRIVATE, 4096, 0600)));
  CALL(set("shmall", kept));
  show("shmall");
  shmctl(id, IPC_RMID, NULL);
  CALL(shmget(IPC_PRIVATE, 2048, 0600 | HUGE_PAGES));
  if (fork() == 0) {
    gid_t groups[] = {65534};
    if (setgroups(1, groups) != 0 || setgid(0) != 0 || setresuid(65534, 65534, 0) != 0) _exit(1);
    CALL(shmget(IPC_PRIVATE, 2048, 0600 | HUGE_PAGES));
    if (setresuid(0, 0, 0) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    CALL(shmget(IPC_PRIVATE, 2048, 0600 | HUGE_PAGES));
    _exit(0);
  }
  wait(NULL);
}

static void queues(void) {
  char value[100];
  int id, more;
  get("msgmni", kept);
  sprintf(value, "%d", count("/proc/sysvipc/msg") + 1);
  set("msgmni", value);
  id = msgget(IPC_PRIVATE, 0600);
  CALL((more = msgget(IPC_PRIVATE, 0600)));
  CALL(set("msgmni", kept));
  msgctl(id, IPC_RMID, NULL);
}

/* An id is a place, and above it the round in which the place was given. */
static void places(void) {
  struct shmid_ds s;
  struct shm_info all;
  int first = shmget(IPC_PRIVATE, 4096, 0600), second = shmget(IPC_PRIVATE, 4096, 0600);
  shmctl(first, IPC_RMID, NULL);
  printf("the one behind: %d\n", second % PLACES > first % PLACES || second / PLACES > first / PLACES);
  CALL(shmctl(first % PLACES, SHM_STAT, &s));
  printf("by its place: %d\n", shmctl(second % PLACES, SHM_STAT, &s) == second);
  printf("by its id: %d\n", shmctl(second, SHM_STAT, &s) == second);
  printf("below the last: %d\n", shmctl(0, SHM_INFO, (void *)&all) >= second % PLACES);
  shmctl(second, IPC_RMID, NULL);
  int rounds = 0, before = shmget(IPC_PRIVATE, 4096, 0600);
  for (int i = 0; i < 300; i++) {
    shmctl(before, IPC_RMID, NULL);
    int id = shmget(IPC_PRIVATE, 4096, 0600);
    if (id == before) puts("an id comes twice");
    if (id / PLACES > before / PLACES) rounds++;
    before = id;
  }
  printf("rounds of many places: %d\n", rounds >= 1 && rounds <= 5);
  shmctl(before, IPC_RMID, NULL);
}

static void wishes(void) {
  CALL(set("msg_next_id", "-2"));
  show("msg_next_id");
  CALL(set("msg_next_id", "1234567"));
  show("msg_next_id");
  int id = msgget(IPC_PRIVATE, 0600);
  printf("%d\n", id);
  show("msg_next_id");
  set("msg_next_id", "1234567");
  int other = msgget(IPC_PRIVATE, 0600);
  printf("beside it: %d\n", other - id);
  msgctl(id, IPC_RMID, NULL);
  msgctl(other, IPC_RMID, NULL);
  CALL(set("shm_next_id", "98765"));
  printf("%d\n", id = shmget(IPC_PRIVATE, 4096, 0600));
  show("shm_next_id");
  shmctl(id, IPC_RMID, NULL);
  CALL(set("sem_next_id", "43210"));
  printf("%d\n", id = semget(IPC_PRIVATE, 1, 0600));
  show("sem_next_id");
  semctl(id, 0, IPC_RMID);
}

int main(void) {
  segments();
  queues();
  places();
  if (access("/proc/sys/kernel/msg_next_id", F_OK) == 0) wishes();
  return 0;
}
