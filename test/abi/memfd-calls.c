/*
 * memfd_create and file seals, call by call, with what each returned or what an access found: a table.
 *
 * Run by root. What Linux prints is in memfd-calls.expected, recorded on Linux 6.18 (x86-64). With an argument it does
 * one thing alone: `again` runs itself from memory, `share` maps a file in memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accesses.h"

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 16U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 32
#endif

static int make(const char *name, unsigned flags) { return syscall(SYS_memfd_create, name, flags); }
static char *shared(int fd, int prot) { return mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0); }
static long size(int fd) {
  struct stat s;
  return fstat(fd, &s) == 0 ? s.st_size : -1;
}

static void creation(void) {
  char name[300];
  memset(name, 'x', sizeof name);
  name[249] = 0;
  int longest = make(name, 0);
  SHOW(longest >= 0);
  memset(name, 'x', sizeof name);
  name[250] = 0;
  CALL(make(name, 0));
  CALL(make((char *)1, 0));
  CALL(make("x", 0x40));
  CALL(make("x", MFD_EXEC | MFD_NOEXEC_SEAL));
  CALL(make("x", 1U << 26));
  int fd = make("some name/with \n", MFD_CLOEXEC);
  SHOW(fcntl(fd, F_GETFD));
  SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
  struct stat s;
  fstat(fd, &s);
  printf("mode %o links %lu size %ld\n", s.st_mode, (unsigned long)s.st_nlink, (long)s.st_size);
  char path[64], target[300] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  long length = readlink(path, target, sizeof target);
  printf("link %ld %s\n", length, target);
  SHOW(fcntl(fd, F_GET_SEALS));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  CALL(linkat(fd, "", AT_FDCWD, "kept", AT_EMPTY_PATH));
  SHOW(write(fd, "hello", 5));
  SHOW(lseek(fd, 0, SEEK_CUR));
  char *mapped = shared(fd, RW);
  SHOW(get(mapped));
  SHOW(put(mapped + 1, 'E'));
  char back[6] = "";
  SHOW(pread(fd, back, 5, 0));
  puts(back);
  int again = open(path, O_RDONLY);
  SHOW(again >= 0);
  SHOW(read(again, back, 3));
  CALL(write(again, "x", 1));
  CALL(ftruncate(again, 0));
  CALL(fcntl(again, F_ADD_SEALS, F_SEAL_SEAL));
  close(again);
  close(fd);
  SHOW(get(mapped));
  CALL(munmap(mapped, PAGE));
  fd = make("", 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  memset(target, 0, sizeof target);
  readlink(path, target, sizeof target);
  puts(target);
  SHOW(fallocate(fd, 0, 0, 3 * PAGE));
  SHOW(size(fd));
  char *far = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
  SHOW(put(far + 2 * PAGE, 7));
  SHOW(get(far + 3 * PAGE));
  SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE));
  SHOW(get(far + 2 * PAGE));
  SHOW(ftruncate(fd, PAGE));
  SHOW(get(far + PAGE));
  SHOW(ftruncate(fd, 2 * PAGE));
  SHOW(get(far + PAGE));
  char *own = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  SHOW(put(own, 9));
  SHOW(get(far));
}

static int sealable(long bytes) {
  int fd = make("sealed", MFD_ALLOW_SEALING);
  ftruncate(fd, bytes);
  return fd;
}

static void sealing(void) {
  int fd = sealable(2 * PAGE);
  SHOW(fcntl(fd, F_GET_SEALS));
  CALL(fcntl(fd, F_ADD_SEALS, 0x1000));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  CALL(ftruncate(fd, PAGE));
  CALL(ftruncate(fd, 3 * PAGE));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
  CALL(ftruncate(fd, 4 * PAGE));
  CALL(ftruncate(fd, 3 * PAGE));
  CALL(fallocate(fd, 0, 0, 4 * PAGE));
  CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
  CALL(fallocate(fd, 0, 0, 3 * PAGE));
  SHOW(pwrite(fd, "xy", 2, 3 * PAGE - 2));
  CALL(pwrite(fd, "xy", 2, 3 * PAGE));
  static char pages[2 * PAGE];
  SHOW(pwrite(fd, pages, sizeof pages, 2 * PAGE));
  CALL(pwrite(fd, "xy", 2, 3 * PAGE - 1));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  CALL(open(path, O_RDWR | O_TRUNC));
  char *mapped = shared(fd, RW);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  SHOW(fcntl(fd, F_GET_SEALS));
  munmap(mapped, PAGE);
  char *own = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  CALL(write(fd, "x", 1));
  SHOW(write(fd, "", 0));
  CALL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
  SHOW(shared(fd, RW) == MAP_FAILED ? errno : 0);
  SHOW(put(own, 5));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
  SHOW(fcntl(fd, F_GET_SEALS));
  close(fd);

  fd = sealable(PAGE);
  char *early = shared(fd, RW);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
  SHOW(put(early, 1));
  CALL(write(fd, "x", 1));
  SHOW(shared(fd, RW) == MAP_FAILED ? errno : 0);
  char *late = shared(fd, PROT_READ);
  SHOW(get(late));
  CALL(mprotect(late, PAGE, RW));
  CALL(mprotect(early, PAGE, PROT_READ));
  CALL(mprotect(early, PAGE, RW));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  munmap(early, PAGE);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  close(fd);

  /* Who maps it for reading alone, through a descriptor that can not write, is not in the way. */
  fd = sealable(PAGE);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int reader = open(path, O_RDONLY);
  SHOW(shared(reader, PROT_READ) != MAP_FAILED);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  int file = open("file", O_RDWR | O_CREAT, 0600), ends[2];
  pipe(ends);
  CALL(fcntl(ends[1], F_ADD_SEALS, F_SEAL_WRITE));
  CALL(fcntl(ends[0], F_GET_SEALS));
  unlink("file");
}

/* A child inherits it by fork, another process gets it over a socket. */
static void passing(void) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  fflush(stdout);
  if (fork() == 0) {
    int fd = sealable(PAGE);
    pwrite(fd, "from afar", 9, 0);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 1;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    sendmsg(ends[1], &message, 0);
    _exit(0);
  }
  char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  SHOW(recvmsg(ends[0], &message, 0));
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  wait(NULL);
  SHOW(fcntl(fd, F_GET_SEALS));
  char text[10] = "";
  SHOW(pread(fd, text, 9, 0));
  puts(text);
  CALL(pwrite(fd, "x", 1, 0));
  close(fd);

  fd = make("counter", 0);
  ftruncate(fd, PAGE);
  char *mine = shared(fd, RW);
  fflush(stdout);
  if (fork() == 0) {
    mine[0]++;
    char *other = shared(fd, RW);
    other[0]++;
    _exit(0);
  }
  wait(NULL);
  SHOW(get(mine));
}

static void status(const char *what) {
  int state;
  wait(&state);
  printf("%s: %d\n", what, WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state));
}

/* A script that lives in memory. */
static void execution(void) {
  int fd = make("script", 0);
  write(fd, "#!/bin/sh\nexit 7\n", 17);
  char path[64], *arguments[] = {"script", NULL}, *none[] = {NULL};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  fflush(stdout);
  if (fork() == 0) {
    close(fd);
    fd = open(path, O_RDONLY);
    _exit(fd < 0 ? 5 : 6);
  }
  status("open of what is closed");
  if (fork() == 0) {
    execve(path, arguments, none);
    _exit(99);
  }
  status("execve of a writer's descriptor");
  int reader = open(path, O_RDONLY);
  snprintf(path, sizeof path, "/proc/self/fd/%d", reader);
  close(fd);
  if (fork() == 0) {
    execve(path, arguments, none);
    _exit(99);
  }
  status("execve");
  if (fork() == 0) {
    fexecve(reader, arguments, none);
    _exit(99);
  }
  status("fexecve");
  fcntl(reader, F_SETFD, FD_CLOEXEC);
  if (fork() == 0) {
    CALL(fexecve(reader, arguments, none));
    fflush(stdout);
    _exit(99);
  }
  status("fexecve of what closes");
}

/* This very program, in memory: it ends with the number that it gets as an argument. */
static void again(void) {
  int self = open("/proc/self/exe", O_RDONLY), fd = make("program", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  char buffer[PAGE], path[64], *arguments[] = {"program", "7", NULL}, *none[] = {NULL};
  for (long got; (got = read(self, buffer, sizeof buffer)) > 0;) write(fd, buffer, got);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int reader = open(path, O_RDONLY | O_CLOEXEC);
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
  close(fd);
  fflush(stdout);
  if (fork() == 0) {
    fexecve(reader, arguments, none);
    _exit(99);
  }
  status("fexecve of an ELF file");
  snprintf(path, sizeof path, "/proc/self/fd/%d", reader);
  if (fork() == 0) {
    execve(path, arguments, none);
    _exit(99);
  }
  status("execve of an ELF file");
}

static void modes(void) {
  int fd = make("data", MFD_NOEXEC_SEAL);
  struct stat s;
  fstat(fd, &s);
  printf("mode %o\n", s.st_mode);
  SHOW(fcntl(fd, F_GET_SEALS));
  CALL(fchmod(fd, 0700));
  CALL(fchmod(fd, 0600));
  write(fd, "#!/bin/true\n", 12);
  char path[64], *none[] = {NULL};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  CALL(execve(path, none, none));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
  close(fd);
  fd = make("program", MFD_EXEC | MFD_ALLOW_SEALING);
  SHOW(fcntl(fd, F_GET_SEALS));
  CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
  SHOW(fcntl(fd, F_GET_SEALS));
  CALL(fchmod(fd, 0600));
  CALL(write(fd, "x", 1));
}

int main(int count, char **arguments) {
  const char *what = count > 1 ? arguments[1] : "";
  if (strcmp(what, "share") == 0) {
    int fd = make("shared", 0);
    errno = 0;
    ftruncate(fd, PAGE);
    puts(shared(fd, RW) == MAP_FAILED ? strerrorname_np(errno) : "0");
    return 0;
  }
  if (*what != 0 && strcmp(what, "again") != 0) return atoi(what);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  if (*what != 0) {
    again();
    return 0;
  }
  creation();
  sealing();
  passing();
  modes();
  execution();
  return 0;
}
