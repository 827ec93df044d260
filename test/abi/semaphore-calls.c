/*
 * System V semaphores as a program sees them: results and errors of semget, semop, semtimedop and semctl.
 *
 * Nothing that it prints depends on how fast the machine is, nor on which sets others have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY 0x53545244

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void ok(const char *what, long result) { say(what, result < 0 ? result : 0); }
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}
static int op(int id, int index, int change, int flags) {
  struct sembuf one = {index, change, flags};
  return semop(id, &one, 1);
}
static void values(int id, int count) {
  unsigned short all[8];
  union semun argument = {.array = all};
  semctl(id, 0, GETALL, argument);
  for (int i = 0; i < count; i++) printf("%d%s", all[i], i == count - 1 ? "\n" : " ");
  fflush(stdout);
}
static void handler(int signal) {}

/* Wait until so many wait for the semaphore. */
static void until(int id, int index, int command, int count) {
  while (semctl(id, index, command) != count) pause_ms(1);
}
static pid_t child(void (*body)(int id), int id) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  body(id);
  fflush(stdout);
  _exit(0);
}
static void takes_two(int id) { say("child: took two", op(id, 0, -2, 0)); }
static void waits_for_zero(int id) { say("child: is zero", op(id, 1, 0, 0)); }
static void waits_for_ever(int id) { say("child: waited", op(id, 2, -1, 0)); }
static void borrows(int id) { say("child: borrowed", op(id, 0, -3, SEM_UNDO)); }
static void is_broken_off(int id) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  say("child: broken off", op(id, 2, -1, 0));
}

int main(void) {
  union semun argument;
  struct semid_ds ds;
  struct timespec soon = {0, 5000000}, bad = {0, 1000000000};
  int old = semget(KEY, 0, 0);
  if (old >= 0) semctl(old, 0, IPC_RMID);

  say("none there", semget(KEY, 3, 0600));
  say("no semaphores", semget(KEY, 0, IPC_CREAT | 0600));
  say("negative", semget(KEY, -1, IPC_CREAT | 0600));
  say("too many", semget(KEY, 40000, IPC_CREAT | 0600));
  int id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640);
  ok("made", id);
  say("exclusive", semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600));
  say("more than there are", semget(KEY, 4, 0));
  printf("the same %d\n", semget(KEY, 2, IPC_CREAT | 0600) == id);
  int other = semget(IPC_PRIVATE, 1, 0600);
  printf("private another %d\n", other != id && other >= 0);
  ok("remove", semctl(other, 0, IPC_RMID));
  say("remove again", semctl(other, 0, IPC_RMID));

  values(id, 3);
  argument.val = 5;
  say("setval", semctl(id, 0, SETVAL, argument));
  argument.val = 40000;
  say("setval, too large", semctl(id, 0, SETVAL, argument));
  argument.val = -1;
  say("setval, negative", semctl(id, 0, SETVAL, argument));
  argument.val = 1;
  say("setval, no such semaphore", semctl(id, 3, SETVAL, argument));
  say("getval", semctl(id, 0, GETVAL));
  printf("getpid is mine %d\n", semctl(id, 0, GETPID) == getpid());
  unsigned short set[3] = {5, 0, 1}, over[3] = {1, 50000, 1};
  argument.array = over;
  say("setall, too large", semctl(id, 0, SETALL, argument));
  argument.array = set;
  say("setall", semctl(id, 0, SETALL, argument));
  values(id, 3);
  say("no such command", semctl(id, 0, 99, argument));
  argument.buf = &ds;
  say("stat", semctl(id, 0, IPC_STAT, argument));
  printf("key %x mode %o nsems %lu mine %d changed %d operated %ld\n", ds.sem_perm.__key, ds.sem_perm.mode,
         (unsigned long)ds.sem_nsems, ds.sem_perm.uid == geteuid() && ds.sem_perm.cgid == getegid(),
         ds.sem_ctime > 1000000, (long)ds.sem_otime);
  ds.sem_perm.mode = 0600;
  say("set", semctl(id, 0, IPC_SET, argument));
  semctl(id, 0, IPC_STAT, argument);
  printf("mode %o\n", ds.sem_perm.mode);
  argument.buf = (struct semid_ds *)8;
  say("stat, no memory", semctl(id, 0, IPC_STAT, argument));

  say("take 3", op(id, 0, -3, 0));
  say("take 3, no wait", op(id, 0, -3, IPC_NOWAIT));
  say("zero, no wait", op(id, 0, 0, IPC_NOWAIT));
  say("zero", op(id, 1, 0, 0));
  say("beyond the largest", op(id, 0, 32767, 0));
  say("no such semaphore", op(id, 3, 1, 0));
  say("no such set", op(-1, 0, 1, 0));
  struct sembuf ops[3] = {{0, -1, 0}, {1, 1, 0}, {2, -2, IPC_NOWAIT}};
  say("all or none", semop(id, ops, 3));
  values(id, 3);
  ops[2].sem_op = -1;
  say("all three", semop(id, ops, 3));
  values(id, 3);
  say("no operations", semop(id, ops, 0));
  say("too many operations", semop(id, ops, 501));
  say("no memory", semop(id, (struct sembuf *)8, 1));
  struct sembuf take = {2, -1, 0};
  say("time-out", semtimedop(id, &take, 1, &soon));
  say("bad time", semtimedop(id, &take, 1, &bad));
  argument.buf = &ds;
  semctl(id, 0, IPC_STAT, argument);
  printf("operated %d\n", ds.sem_otime > 1000000);

  pid_t a = child(takes_two, id);
  until(id, 0, GETNCNT, 1);
  int given = op(id, 0, 1, 0);
  waitpid(a, NULL, 0);
  say("give one", given);
  a = child(waits_for_zero, id);
  until(id, 1, GETZCNT, 1);
  int lowered = op(id, 1, -1, 0);
  waitpid(a, NULL, 0);
  say("down to zero", lowered);
  a = child(is_broken_off, id);
  until(id, 2, GETNCNT, 1);
  pause_ms(20);
  kill(a, SIGUSR1);
  waitpid(a, NULL, 0);
  a = child(waits_for_ever, id);
  until(id, 2, GETNCNT, 1);
  kill(a, SIGKILL);
  waitpid(a, NULL, 0);
  say("waiters left", semctl(id, 2, GETNCNT));

  argument.val = 3;
  semctl(id, 0, SETVAL, argument);
  a = child(borrows, id);
  waitpid(a, NULL, 0);
  say("given back", semctl(id, 0, GETVAL));
  printf("by the child %d\n", semctl(id, 0, GETPID) == a);

  a = child(waits_for_ever, id);
  until(id, 2, GETNCNT, 1);
  int removed = semctl(id, 0, IPC_RMID);
  waitpid(a, NULL, 0);
  say("remove", removed);
  say("gone", op(id, 0, 1, 0));
  say("gone", semget(KEY, 0, 0));

  id = semget(IPC_PRIVATE, 1, 0040);
  if (geteuid() == 0) {
    seteuid(12345);
    say("read by another", semctl(id, 0, GETVAL));
    say("alter by another", op(id, 0, 1, 0));
    say("set by another", semctl(id, 0, IPC_SET, argument));
    say("remove by another", semctl(id, 0, IPC_RMID));
    seteuid(0);
  }
  say("remove", semctl(id, 0, IPC_RMID));
  return 0;
}
