/* Moving bytes between pipes, files, sockets and memory: splice, tee, vmsplice. Prints what is the same on every Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0)
    printf("%s: %s\n", what, strerrorname_np(errno));
  else
    printf("%s: %ld\n", what, result);
}
#define T(call) (errno = 0, say(#call, (long)(call)))

static char data[150000], got[150000];
static int in, out, a[2], b[2];

/* What lies in a pipe: how much, and where in `data` it comes from. */
static void drain(int fd, int from) {
  int n = read(fd, got, sizeof got);
  printf("drained %d %s\n", n, n > 0 && memcmp(got, data + from, n) ? "wrong" : "right");
}

static void files(void) {
  loff_t at = 100;
  T(splice(in, NULL, a[1], NULL, 10, 0));
  T(lseek(in, 0, SEEK_CUR));
  drain(a[0], 0);
  T(splice(in, &at, a[1], NULL, 5000, SPLICE_F_MOVE | SPLICE_F_MORE));
  printf("at %ld, own %ld\n", (long)at, (long)lseek(in, 0, SEEK_CUR));
  drain(a[0], 100);
  at = sizeof data - 7;
  T(splice(in, &at, a[1], NULL, 5000, 0));
  T(splice(in, &at, a[1], NULL, 5000, 0));
  drain(a[0], sizeof data - 7);
  at = 0;
  T(splice(in, &at, a[1], NULL, sizeof data, 0));
  T(splice(in, &at, a[1], NULL, 1, SPLICE_F_NONBLOCK));
  T(splice(a[0], NULL, out, NULL, sizeof data, 0));
  at = 3;
  write(a[1], "written", 7);
  T(splice(a[0], NULL, out, &at, 4, 0));
  T(splice(a[0], NULL, out, NULL, 100, 0));
  printf("at %ld, own %ld\n", (long)at, (long)lseek(out, 0, SEEK_CUR));
  T(pread(out, got, 20, 0));
  printf("%d %.4s %d\n", memcmp(got, data, 3), got + 3, memcmp(got + 7, data + 7, 13));
  T(pread(out, got, 20, 65536));
  printf("%.3s\n", got);
}

static void pipes(void) {
  write(a[1], data, 20);
  T(tee(a[0], b[1], 8, 0));
  T(tee(a[0], b[1], 100, 0));
  T(read(b[0], got, 100));
  printf("%d %d\n", memcmp(got, data, 8), memcmp(got + 8, data, 20));
  T(splice(a[0], NULL, b[1], NULL, 5, 0));
  drain(a[0], 5);
  drain(b[0], 0);
  fcntl(b[1], F_SETPIPE_SZ, 4096);
  write(a[1], data, 10000);
  T(tee(a[0], b[1], 10000, 0));
  T(tee(a[0], b[1], 10000, SPLICE_F_NONBLOCK));
  T(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK));
  drain(b[0], 0);
  T(splice(a[0], NULL, b[1], NULL, 10000, 0));
  drain(b[0], 0);
  drain(a[0], 4096);
}

static void memory(void) {
  struct iovec parts[3] = {{data, 100}, {data + 100, 0}, {data + 100, 50}};
  struct iovec room[2] = {{got, 120}, {got + 120, 100}};
  memset(got, 0, sizeof got);
  T(vmsplice(a[1], parts, 3, 0));
  T(vmsplice(a[0], room, 2, 0));
  printf("%d\n", memcmp(got, data, 150));
  T(vmsplice(a[1], parts, 0, 0));
  T(vmsplice(a[0], room, 2, SPLICE_F_NONBLOCK));
  T(vmsplice(in, parts, 1, 0));
  T(vmsplice(99, parts, 1, 0));
  T(vmsplice(a[1], parts, 1, 0x10));
  T(vmsplice(a[1], parts, 1025, 0));
  T(vmsplice(a[1], (void *)8, 1, 0));
}

static void refusals(void) {
  int folder = open("/", O_RDONLY), append = open("out", O_WRONLY | O_APPEND), reader = open("in", O_RDONLY);
  loff_t at = 0, before = -1;
  write(a[1], data, 4);
  T(splice(99, NULL, 99, NULL, 0, 0x10));
  T(splice(99, NULL, 99, NULL, 1, 0x10));
  T(splice(99, NULL, a[1], NULL, 1, 0));
  T(splice(in, NULL, 99, NULL, 1, 0));
  T(splice(in, NULL, out, NULL, 1, 0));
  T(splice(a[0], &at, out, NULL, 1, 0));
  T(splice(in, NULL, a[1], &at, 1, 0));
  T(splice(a[0], NULL, a[1], NULL, 1, 0));
  T(splice(a[1], NULL, out, NULL, 1, 0));
  T(splice(in, NULL, a[0], NULL, 1, 0));
  T(splice(a[0], NULL, append, NULL, 1, 0));
  T(splice(a[0], NULL, reader, NULL, 1, 0));
  T(splice(append, NULL, b[1], NULL, 1, 0));
  T(splice(folder, NULL, b[1], NULL, 1, 0));
  T(splice(in, &before, b[1], NULL, 1, 0));
  T(splice(in, (void *)8, b[1], NULL, 1, 0));
  T(splice(b[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK));
  T(tee(a[0], b[1], 1, 0x10));
  T(tee(a[0], b[1], 0, 0));
  T(tee(a[0], a[1], 1, 0));
  T(tee(in, b[1], 1, 0));
  T(tee(a[0], out, 1, 0));
  T(tee(a[1], b[1], 1, 0));
  T(tee(a[0], 99, 1, 0));
  T(tee(b[0], a[1], 1, SPLICE_F_NONBLOCK));
  drain(a[0], 0);
}

static void sockets(void) {
  int ends[2];
  loff_t at = 0;
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  write(a[1], data, 30);
  T(splice(a[0], NULL, ends[0], NULL, 100, 0));
  T(splice(ends[1], NULL, a[1], NULL, 10, 0));
  T(splice(ends[1], &at, a[1], NULL, 10, 0));
  T(splice(ends[1], NULL, a[1], NULL, 100, 0));
  T(splice(ends[1], NULL, a[1], NULL, 100, SPLICE_F_NONBLOCK));
  drain(a[0], 0);
  close(ends[0]);
  T(splice(ends[1], NULL, a[1], NULL, 100, 0));
}

/* Something comes while the call waits for it. */
static void late(int fd) {
  if (fork() == 0) {
    usleep(20000);
    write(fd, data, 4);
    _exit(0);
  }
}

static void waiting(void) {
  late(a[1]);
  T(tee(a[0], b[1], 100, 0));
  wait(NULL);
  drain(b[0], 0);
  T(splice(a[0], NULL, b[1], NULL, 100, 0));
  drain(b[0], 0);
  late(a[1]);
  T(splice(a[0], NULL, out, NULL, 100, 0));
  wait(NULL);
  write(b[1], data, 4096);
  if (fork() == 0) {
    usleep(20000);
    read(b[0], got, 4096);
    _exit(0);
  }
  lseek(in, 0, SEEK_SET);
  T(splice(in, NULL, b[1], NULL, 100, 0));
  wait(NULL);
  drain(b[0], 0);
}

static void closed(void) {
  struct iovec part = {data, 10};
  signal(SIGPIPE, SIG_IGN);
  close(a[1]);
  T(splice(a[0], NULL, out, NULL, 1, 0));
  T(tee(a[0], b[1], 1, 0));
  close(b[0]);
  T(splice(in, NULL, b[1], NULL, 1, 0));
  T(vmsplice(b[1], &part, 1, 0));
  signal(SIGPIPE, SIG_DFL);
  int status = 0;
  if (fork() == 0) {
    splice(in, NULL, b[1], NULL, 1, 0);
    _exit(0);
  }
  wait(&status);
  printf("signal %d\n", WTERMSIG(status));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  for (unsigned i = 0; i < sizeof data; i++) data[i] = 'a' + (i * 7 + i / 300) % 26;
  in = open("in", O_RDWR | O_CREAT, 0600);
  out = open("out", O_RDWR | O_CREAT, 0600);
  write(in, data, sizeof data);
  lseek(in, 0, SEEK_SET);
  pipe(a);
  pipe(b);
  files();
  pipes();
  memory();
  refusals();
  sockets();
  waiting();
  closed();
  return 0;
}
