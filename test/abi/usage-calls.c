/*
 * What /proc says of a process's memory: names of areas, smaps, its sum, and the figures of status; and what swapon refuses: a
 * table.
 *
 * Run by root in an empty directory. What Linux prints is in usage-calls.expected, recorded on Linux 6.18 (x86-64).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define CALL(expression)                                                                        \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s: %s\n", #expression, result_ == -1 ? strerrorname_np(errno) : "some");           \
  } while (0)
#define SHOW(expression) printf("%s = %ld\n", #expression, (long)(expression))

/* A figure in kB from a file of lines; of smaps the one of the area that begins at `at`, or the sum of all if that is NULL. */
static long figure(const char *path, const char *name, void *at) {
  char line[500];
  FILE *file = fopen(path, "r");
  long sum = 0, here = at == NULL;
  while (fgets(line, sizeof line, file)) {
    unsigned long start, end, value;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) here = at == NULL || start == (unsigned long)at;
    else if (here && strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ": %lu", &value) == 1) sum += value;
  }
  fclose(file);
  return sum;
}
static long smaps(void *at, const char *name) { return figure("/proc/self/smaps", name, at); }
static long status(const char *name) { return figure("/proc/self/status", name, NULL); }

/* The name of an area, and the codes in its flags that say something here. */
static void describe(const char *what, void *at) {
  char line[500], name[200] = "", flags[200] = "";
  FILE *file = fopen("/proc/self/smaps", "r");
  int here = 0;
  while (fgets(line, sizeof line, file)) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
      here = start == (unsigned long)at;
      if (here) sscanf(line, "%*s %*s %*s %*s %*s %199[^\n]", name);
    } else if (here && strncmp(line, "VmFlags:", 8) == 0) {
      for (char *code = strtok(line + 8, " \n"); code; code = strtok(NULL, " \n"))
        if (strstr("rd wr ex sh mr mw me ms lo dc nr wf", code)) strcat(strcat(flags, " "), code);
    }
  }
  fclose(file);
  char *last = strrchr(name, '/');
  printf("%s: %s,%s\n", what, last && !strstr(name, "(deleted)") ? last : name, flags);
}

static void kinds(void *at, const char *what) {
  printf("%s: size %ld rss %ld pss %ld shared %ld private %ld dirty %ld anonymous %ld locked %ld\n", what, smaps(at, "Size"),
         smaps(at, "Rss"), smaps(at, "Pss"), smaps(at, "Shared_Clean") + smaps(at, "Shared_Dirty"),
         smaps(at, "Private_Clean") + smaps(at, "Private_Dirty"), smaps(at, "Shared_Dirty") + smaps(at, "Private_Dirty"),
         smaps(at, "Anonymous"), smaps(at, "Locked"));
}

static char *map(long pages, int flags, int fd) { return mmap(NULL, pages * PAGE, RW, flags, fd, 0); }
static void touch(char *at, long pages) {
  for (long i = 0; i < pages; i++) at[i * PAGE] = 1;
}
static int about(long kilobytes, long pages) { return kilobytes >= (pages - 150) * 4 && kilobytes <= (pages + 150) * 4; }

int main(void) {
  int file = open("file", O_RDWR | O_CREAT, 0600), memory = memfd_create("mine", 0);
  ftruncate(file, 8 * PAGE);
  ftruncate(memory, 8 * PAGE);
  char *own = map(8, MAP_PRIVATE | MAP_ANONYMOUS, -1), *shared = map(8, MAP_SHARED | MAP_ANONYMOUS, -1);
  char *mapped = map(8, MAP_PRIVATE, file), *seen = map(8, MAP_SHARED, memory);
  int id = shmget(0x123, 8 * PAGE, IPC_CREAT | 0600);
  char *segment = shmat(id, NULL, 0);
  shmctl(id, IPC_RMID, NULL);
  describe("own", own);
  describe("shared", shared);
  describe("mapped", mapped);
  describe("memory", seen);
  describe("segment", segment);
  kinds(own, "untouched");
  touch(own, 3);
  kinds(own, "touched");
  mlock(own, 8 * PAGE);
  kinds(own, "locked");
  describe("own", own);
  munlock(own, 8 * PAGE);
  touch(shared, 2);
  kinds(shared, "shared");
  touch(mapped, 1);
  kinds(mapped, "written");
  fflush(stdout);
  if (fork() == 0) {
    kinds(own, "after a fork");
    touch(own, 1);
    kinds(own, "one copied");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  kinds(own, "alone again");
  madvise(own, 8 * PAGE, MADV_DONTFORK);
  describe("own", own);
  SHOW(labs(figure("/proc/self/smaps_rollup", "Rss", NULL) - smaps(NULL, "Rss")) < 64);

  long peak = status("VmPeak"), size = status("VmSize"), most = status("VmHWM");
  SHOW(peak >= size);
  long anonymous = status("RssAnon"), shmem = status("RssShmem"), data = status("VmData");
  char *large = map(2000, MAP_PRIVATE | MAP_ANONYMOUS, -1), *common = map(1000, MAP_SHARED | MAP_ANONYMOUS, -1);
  SHOW(status("VmSize") - size);
  SHOW(status("VmData") - data);
  touch(large, 1500);
  touch(common, 600);
  SHOW(about(status("RssAnon") - anonymous, 1500));
  SHOW(about(status("RssShmem") - shmem, 600));
  SHOW(labs(status("RssAnon") + status("RssFile") + status("RssShmem") - status("VmRSS")) < 64);
  mlock(large, PAGE);
  SHOW(status("VmLck"));
  munmap(large, 2000 * PAGE);
  munmap(common, 1000 * PAGE);
  SHOW(status("VmLck"));
  SHOW(status("VmSize") - size);
  SHOW(status("VmPeak") >= size + 3000 * 4);
  SHOW(status("VmHWM") > most + 1800 * 4);
  SHOW(about(status("RssAnon") - anonymous, 0));
  CALL(swapon("file", 0x100000));
  CALL(swapon("absent", 0));
  CALL(swapon("file", 0));
  CALL(swapon(".", 0));
  CALL(swapon((char *)1, 0));
  CALL(swapoff("absent"));
  CALL(swapoff("file"));
  fflush(stdout);
  if (fork() == 0) {
    setuid(65534);
    CALL(swapon("absent", 0));
    CALL(swapoff("absent"));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  unlink("file");
  return 0;
}
