/*
 * mapfile FILE: which kinds of file mapping does the system offer, and do they agree with read?
 *
 *   read 1234 bytes, sum 98765
 *   MAP_PRIVATE sum 98765, own copy on write yes, file unchanged yes
 *   MAP_SHARED sum 98765
 *
 * Where a mapping is refused, the line gives the errno's name instead: `MAP_SHARED ENODEV`.
 */
#include "../runtime/runtime.h"

static uint64_t sum(const unsigned char *at, size_t length) {
  uint64_t total = 0;
  for (size_t i = 0; i < length; i++) total = total * 31 + at[i];
  return total;
}

static unsigned char *map(const char *name, int protection, int kind, int fd, size_t length) {
  unsigned char *at = sys_mmap(length, protection, kind, fd, 0);
  if (!is_error(at)) return at;
  print("%s %s\n", name, error_name((long)at));
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) die("usage: mapfile FILE");
  long length;
  char *contents = read_file(argv[1], &length);
  if (!contents) die("%s: %s", argv[1], error_text(length));
  if (length == 0) die("%s: an empty file can not be mapped", argv[1]);
  size_t size = (size_t)length;
  int fd = sys_open(argv[1], O_RDONLY | O_CLOEXEC, 0);
  uint64_t expected = sum((unsigned char *)contents, size);
  bool good = true;
  print("read %ld bytes, sum %lu\n", length, expected);

  unsigned char *private = map("MAP_PRIVATE", PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, size);
  if (private) {
    uint64_t found = sum(private, size);
    private[0] ^= 0xff;
    bool own = private[0] == (unsigned char)(contents[0] ^ 0xff);
    long again;
    char *after = read_file(argv[1], &again);
    bool unchanged = after && again == length && memcmp(after, contents, size) == 0;
    print("MAP_PRIVATE sum %lu, own copy on write %s, file unchanged %s\n", found, own ? "yes" : "no",
          unchanged ? "yes" : "no");
    good = good && found == expected && own && unchanged;
  }
  unsigned char *shared = map("MAP_SHARED", PROT_READ, MAP_SHARED, fd, size);
  if (shared) {
    uint64_t found = sum(shared, size);
    print("MAP_SHARED sum %lu\n", found);
    good = good && found == expected;
  }
  return good ? 0 : 1;
}
