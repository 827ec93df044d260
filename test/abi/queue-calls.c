/*
 * System V message queues as a program sees them: results and errors of msgget, msgsnd, msgrcv and msgctl.
 *
 * Nothing that it prints depends on how fast the machine is, nor on which queues others have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY 0x53545245

static struct { long type; char text[10000]; } message;

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}
static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}
static int put(int id, long type, const char *text, int flags) {
  message.type = type;
  strcpy(message.text, text);
  return msgsnd(id, &message, strlen(text), flags);
}
static void get(const char *what, int id, long type, size_t size, int flags) {
  memset(&message, 0, sizeof message);
  long result = msgrcv(id, &message, size, type, flags);
  if (result < 0) say(what, result);
  else printf("%s: %ld of type %ld %.*s\n", what, result, message.type, (int)result, message.text);
  fflush(stdout);
}
static void handler(int signal) {}

static pid_t receiver(int id, long type) {
  pid_t pid = fork();
  if (pid != 0) {
    pause_ms(30);
    return pid;
  }
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  get("child", id, type, 100, 0);
  _exit(0);
}

int main(void) {
  struct msqid_ds ds;
  int old = msgget(KEY, 0);
  if (old >= 0) msgctl(old, IPC_RMID, NULL);
  say("none there", msgget(KEY, 0600));
  int id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640);
  printf("made %d\n", id >= 0);
  say("exclusive", msgget(KEY, IPC_CREAT | IPC_EXCL | 0600));
  printf("the same %d\n", msgget(KEY, IPC_CREAT | 0600) == id);

  get("empty", id, 0, 100, IPC_NOWAIT);
  say("type 0", put(id, 0, "x", 0));
  say("type -1", put(id, -1, "x", 0));
  say("too long", msgsnd(id, &message, 8193, 0));
  say("negative", msgsnd(id, &message, -1, 0));
  say("no memory", msgsnd(id, (void *)8, 1, 0));
  say("no such queue", put(-1, 1, "x", 0));
  const char *texts[] = {"one", "two", "three", "four", "five", ""};
  long types[] = {3, 1, 2, 3, 1, 7};
  for (int i = 0; i < 6; i++) say("put", put(id, types[i], texts[i], 0));
  say("stat", msgctl(id, IPC_STAT, &ds));
  printf("key %x mode %o bytes %lu messages %lu limit %lu mine %d by %d by none %d\n", ds.msg_perm.__key,
         ds.msg_perm.mode, (long)ds.__msg_cbytes, (long)ds.msg_qnum, (long)ds.msg_qbytes,
         ds.msg_perm.uid == geteuid(), ds.msg_lspid == getpid(), ds.msg_lrpid);
  printf("sent %d received %ld changed %d\n", ds.msg_stime > 1000000, (long)ds.msg_rtime, ds.msg_ctime > 1000000);
  get("of type 2", id, 2, 100, 0);
  get("least of 3", id, -3, 100, 0);
  get("too small", id, 0, 2, 0);
  get("but 3", id, 3, 100, MSG_EXCEPT);
  get("first, cut", id, 0, 2, MSG_NOERROR);
  get("of type 9", id, 9, 100, IPC_NOWAIT);
  get("least of 2", id, -2, 100, IPC_NOWAIT);
  get("next", id, 0, 100, 0);
  get("no bytes", id, 0, 0, 0);
  get("negative", id, 0, -1, 0);
  get("no such queue", -1, 0, 1, 0);
  say("no such command", msgctl(id, 99, &ds));
  say("stat, no memory", msgctl(id, IPC_STAT, (void *)8));

  for (int i = 0; i < 4; i++) {
    memset(message.text, 'a' + i, 4096);
    message.type = i + 1;
    say("fill", msgsnd(id, &message, 4096, IPC_NOWAIT));
  }
  say("full", put(id, 1, "x", IPC_NOWAIT));
  pid_t child = fork();
  if (child == 0) {
    say("child: sent when there was room", put(id, 8, "late", 0));
    _exit(0);
  }
  pause_ms(30);
  long took = msgrcv(id, &message, 4096, 2, 0);
  waitpid(child, NULL, 0);
  say("took", took);
  get("late", id, 8, 100, 0);
  msgctl(id, IPC_STAT, &ds);
  ds.msg_qbytes = 10000;
  ds.msg_perm.mode = 0600;
  say("set", msgctl(id, IPC_SET, &ds));
  msgctl(id, IPC_STAT, &ds);
  printf("mode %o limit %lu messages %lu\n", ds.msg_perm.mode, (long)ds.msg_qbytes, (long)ds.msg_qnum);
  say("beyond the limit", put(id, 1, "x", IPC_NOWAIT));
  for (int i = 0; i < 3; i++) msgrcv(id, &message, 4096, 0, IPC_NOWAIT);

  child = receiver(id, 5);
  say("another type", put(id, 4, "not for it", 0));
  int sent = put(id, 5, "for it", 0);
  waitpid(child, NULL, 0);
  say("its type", sent);
  child = receiver(id, 6);
  kill(child, SIGUSR1);
  waitpid(child, NULL, 0);
  child = receiver(id, 6);
  int removed = msgctl(id, IPC_RMID, NULL);
  waitpid(child, NULL, 0);
  say("remove", removed);
  say("gone", put(id, 1, "x", 0));
  say("gone", msgget(KEY, 0));

  id = msgget(IPC_PRIVATE, 0040);
  if (geteuid() == 0) {
    seteuid(12345);
    say("read by another", msgrcv(id, &message, 1, 0, IPC_NOWAIT));
    say("sent by another", put(id, 1, "x", IPC_NOWAIT));
    say("remove by another", msgctl(id, IPC_RMID, NULL));
    seteuid(0);
  }
  say("remove", msgctl(id, IPC_RMID, NULL));
  return 0;
}
