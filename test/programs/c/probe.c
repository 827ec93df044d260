/*
 * riscv_hwprobe as a program asks it, and AT_HWCAP: what any RVA22 processor under Linux 6.12 answers, one processor assumed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pair {
  int64_t key;
  uint64_t value;
};

static long probe(struct pair *pairs, size_t count, size_t size, void *cpus, unsigned flags) {
  long result = syscall(258, pairs, count, size, cpus, flags);
  return result < 0 ? -errno : result;
}

static unsigned which(int64_t key, uint64_t value, unsigned long cpus) {
  struct pair one = {key, value};
  long result = probe(&one, 1, sizeof cpus, &cpus, 1);
  return result < 0 ? 1000 - result : cpus;
}

int main(void) {
  struct pair all[12];
  for (int i = 0; i < 12; i++) all[i] = (struct pair){i == 11 ? 1ll << 32 : i == 10 ? 5000 : i, 99};
  printf("all %ld\n", probe(all, 12, 0, 0, 0));
  uint64_t ext = all[4].value;
  printf("base %d, fd %d, c %d, v %d\n", (int)all[3].value, (int)ext & 1, (int)(ext >> 1) & 1, (int)(ext >> 2) & 1);
  printf("zba %d, zbb %d, zbs %d\n", (int)(ext >> 3) & 1, (int)(ext >> 4) & 1, (int)(ext >> 5) & 1);
  printf("zbc %d, zihintntl %d, zicond %d, zihintpause %d\n", (int)(ext >> 7) & 1, (int)(ext >> 29) & 1,
         (int)(ext >> 35) & 1, (int)(ext >> 36) & 1);
  printf("misaligned %d and %d, zicboz %d\n", (int)all[5].value, (int)all[9].value, (int)all[6].value);
  printf("highest %#llx, time %llu\n", (unsigned long long)all[7].value, (unsigned long long)all[8].value);
  for (int i = 10; i < 12; i++) printf("unknown %lld %llu\n", (long long)all[i].key, (unsigned long long)all[i].value);

  struct pair one = {4, 0};
  unsigned long first = 1, second = 2, none = 0;
  printf("flag 2: %ld\n", probe(&one, 1, 0, 0, 2));
  printf("flags 3: %ld\n", probe(&one, 1, 0, 0, 3));
  printf("the first: %ld\n", probe(&one, 1, sizeof first, &first, 0));
  printf("%s\n", one.value == ext ? "the same" : "other");
  printf("one that is not there: %ld\n", probe(&one, 1, sizeof second, &second, 0));
  printf("no set: %ld\n", probe(&one, 1, 0, &none, 0));
  printf("a set at 0: %ld\n", probe(&one, 1, 8, 0, 0));
  printf("pairs at 0: %ld\n", probe(0, 1, 0, 0, 0));
  printf("no pairs: %ld\n", probe(0, 0, 0, 0, 0));

  printf("which, no set: %ld\n", probe(&one, 1, 0, &none, 1));
  printf("which, set at 0: %ld\n", probe(&one, 1, 8, 0, 1));
  printf("which has zba and zbb: %u\n", which(4, 0x18, 0));
  printf("which has zba of the second: %u\n", which(4, 8, 2));
  printf("which has v: %u\n", which(4, 4, 1));
  printf("which has pause: %u\n", which(4, 1ull << 36, 1));
  printf("which has zicond: %u\n", which(4, 1ull << 35, 1));
  printf("which is fast: %u %u\n", which(9, 3, 1), which(9, 1, 1));
  printf("which knows: %u\n", which(-7, 0, 1));
  one = (struct pair){-7, 5};
  first = 1;
  probe(&one, 1, sizeof first, &first, 1);
  printf("which forgets: %lld %llu\n", (long long)one.key, (unsigned long long)one.value);
  void *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("pairs that can not be written: %ld\n", probe(page, 1, 0, 0, 0));
  first = 1;
  printf("which of them: %ld", probe(page, 1, sizeof first, &first, 1));
  printf(", %lu\n", first);
  printf("a set that can not be written: %ld\n", probe(&one, 1, 8, page, 1));

  char letters[27] = "";
  unsigned long caps = getauxval(AT_HWCAP);
  for (int i = 0; i < 26; i++)
    if (caps >> i & 1) strncat(letters, &"abcdefghijklmnopqrstuvwxyz"[i], 1);
  printf("hwcap %s, %d\n", letters, caps >> 26 != 0);
  FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
  char line[200];
  while (fgets(line, sizeof line, cpuinfo))
    if (strstr(line, "isa")) printf("%s", line);
  return 0;
}
