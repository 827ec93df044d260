/*
 * pingpong COUNT BYTES: two processes pass a message to and fro over two pipes.
 *
 *   pingpong 1000 x 64 bytes: round trip 12.3 us, checksum 0123456789abcdef
 *
 * The child adds one to every byte before it answers, and the checksum covers every answer: it is a function of COUNT and
 * BYTES alone. Messages larger than a pipe are sent in parts by the reading loops on both sides.
 */
#include "../runtime/runtime.h"

static void read_all(int fd, unsigned char *to, size_t length) {
  while (length > 0) {
    long got = sys_read(fd, to, length);
    if (got == -EINTR) continue;
    if (got < 0) die("read: %s", error_text(got));
    if (got == 0) die("the other side is gone");
    to += got;
    length -= (size_t)got;
  }
}

static void send(int fd, const unsigned char *from, size_t length) {
  long error = write_all(fd, (const char *)from, length);
  if (error < 0) die("write: %s", error_text(error));
}

int main(int argc, char **argv) {
  long count, bytes;
  if (argc != 3 || !parse_number(argv[1], &count) || !parse_number(argv[2], &bytes) || count < 1 || bytes < 1) {
    die("usage: pingpong COUNT BYTES");
  }
  size_t size = (size_t)bytes;
  unsigned char *message = allocate(size);
  for (size_t i = 0; i < size; i++) message[i] = (unsigned char)(i * 7);
  int there[2], back[2];
  int error = sys_pipe(there, 0);
  if (error == 0) error = sys_pipe(back, 0);
  if (error < 0) die("pipe: %s", error_text(error));
  int child = sys_fork();
  if (child < 0) die("fork: %s", error_text(child));
  if (child == 0) {
    for (long i = 0; i < count; i++) {
      read_all(there[0], message, size);
      for (size_t at = 0; at < size; at++) message[at]++;
      send(back[1], message, size);
    }
    sys_exit(0);
  }
  sys_close(there[0]);
  sys_close(back[1]);
  uint64_t checksum = 0xcbf29ce484222325;
  int64_t start = now_nanoseconds(CLOCK_MONOTONIC);
  for (long i = 0; i < count; i++) {
    send(there[1], message, size);
    read_all(back[0], message, size);
    for (size_t at = 0; at < size; at++) checksum = (checksum ^ message[at]) * 0x100000001b3;
  }
  int64_t total = now_nanoseconds(CLOCK_MONOTONIC) - start;
  int status = -1;
  sys_wait4(child, &status, 0);
  print("pingpong %ld x %ld bytes: round trip %.1f us, checksum %016lx\n", count, bytes,
        (double)total / (double)count / 1e3, checksum);
  return status == 0 ? 0 : 1;
}
