/*
 * Calls on memory, one after the other, with what each returned or what an access found: a table.
 *
 * Run in a directory where files can be made. An access that faults prints -(100 * signal + si_code). What Linux
 * prints is in memory-calls.expected, recorded on Linux 6.18 (x86-64, without the last part, which is riscv64 code).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accesses.h"

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
/* Nothing is mapped here. */
#define NOWHERE ((char *)0x10000000)

static char *anonymous(long pages) { return mmap(NULL, pages * PAGE, RW, ANON, -1, 0); }

static void refusals(int file) {
  char *a = anonymous(16);
  CALL(mmap(NULL, 0, RW, ANON, -1, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 1));
  CALL(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
  CALL(mmap(NULL, PAGE, RW, 0, file, 0));
  CALL(mmap((void *)1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
  CALL(mmap(a, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
  CALL(mmap(NULL, 1L << 47, RW, ANON, -1, 0));
  int reader = open("file", O_RDONLY), writer = open("file", O_WRONLY), folder = open(".", O_RDONLY), ends[2];
  CALL(pipe(ends));
  CALL(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writer, 0));
  CALL(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0));
  CALL(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, reader, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_PRIVATE, reader, 0));
  CALL(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, folder, 0));
  CALL(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0));
  char *shown = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
  CALL(mprotect(shown, PAGE, RW));
  SHOW(get(shown));
  SHOW(put(shown, 1));
}

static char *own, *shared;

static void files(int file) {
  own = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, file, 0);
  shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, file, 0);
  SHOW(get(own + PAGE));
  SHOW(get(shared + PAGE));
  SHOW(put(own + PAGE, 'X'));
  SHOW(get(shared + PAGE));
  SHOW(put(shared + 2 * PAGE, 'Y'));
  SHOW(get(own + 2 * PAGE));
  /* The file ends 4 bytes into its sixth page. */
  SHOW(get(shared + 5 * PAGE + 3));
  SHOW(get(shared + 5 * PAGE + 100));
  SHOW(get(shared + 6 * PAGE));
  SHOW(put(shared + 6 * PAGE, 1));
  SHOW(get(own + 7 * PAGE));
  char byte;
  CALL(pread(file, &byte, 1, 2 * PAGE));
  SHOW(byte);
  CALL(pwrite(file, "Q", 1, 3 * PAGE));
  SHOW(get(shared + 3 * PAGE));
  SHOW(get(own + 3 * PAGE));
  CALL(ftruncate(file, 2 * PAGE + 10));
  SHOW(get(shared + 2 * PAGE + 9));
  SHOW(get(shared + 2 * PAGE + 50));
  SHOW(get(shared + 3 * PAGE));
  SHOW(get(own + 4 * PAGE));
  SHOW(get(own + PAGE));
  CALL(ftruncate(file, 6 * PAGE));
  SHOW(get(shared + 2 * PAGE + 50));
  SHOW(get(shared + 3 * PAGE));
  SHOW(get(shared + 5 * PAGE));
  CALL(msync(shared, 8 * PAGE, MS_SYNC));
  CALL(msync(shared, PAGE, MS_SYNC | MS_ASYNC));
  CALL(msync(shared + 1, PAGE, MS_SYNC));
  CALL(msync(shared, PAGE, 8));
  CALL(munmap(shared + 4 * PAGE, PAGE));
  CALL(msync(shared, 8 * PAGE, MS_SYNC));
  SHOW(get(shared + 4 * PAGE));
}

static void protections(void) {
  char *a = anonymous(16);
  CALL(munmap(a + 1, PAGE));
  CALL(munmap(a, 0));
  CALL(munmap(a + 4 * PAGE, 2 * PAGE));
  CALL(munmap(a + 4 * PAGE, 2 * PAGE));
  SHOW(get(a + 4 * PAGE));
  SHOW(put(a + 5 * PAGE, 1));
  SHOW(put(a + 6 * PAGE, 7));
  CALL(mprotect(a, 8 * PAGE, PROT_READ));
  SHOW(put(a, 1));
  SHOW(put(a + 7 * PAGE, 1));
  CALL(mprotect(a + 1, PAGE, PROT_READ));
  CALL(mprotect(a, PAGE, 0x100));
  CALL(mprotect(a, 0, PROT_READ));
  CALL(mprotect(a, PAGE, PROT_NONE));
  SHOW(get(a));
  SHOW(put(a, 1));
  CALL(mprotect(a, PAGE, PROT_WRITE));
  SHOW(put(a, 5));
  SHOW(get(a));
  CALL(mprotect(a, PAGE, PROT_EXEC));
  SHOW(put(a, 5));
  CALL(mprotect(a, 4 * PAGE, RW));
}

static void moves(void) {
  char *m = anonymous(8);
  for (int i = 0; i < 8; i++) m[i * PAGE] = i + 1;
  CALL(mremap(m, 8 * PAGE, 4 * PAGE, 0) == m);
  SHOW(get(m + 4 * PAGE));
  SHOW(get(m + 3 * PAGE));
  char *n = mremap(m, 4 * PAGE, 32 * PAGE, MREMAP_MAYMOVE);
  SHOW(get(n + 3 * PAGE));
  SHOW(get(n + 31 * PAGE));
  CALL(mremap(n + 1, PAGE, PAGE, 0));
  CALL(mremap(n, PAGE, 0, 0));
  CALL(mremap(n, PAGE, PAGE, 8));
  CALL(mremap(n, PAGE, PAGE, MREMAP_FIXED, n));
  CALL(mremap(NOWHERE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  CALL(mremap(n, 0, PAGE, MREMAP_MAYMOVE));
  CALL(mremap(n, 64 * PAGE, 65 * PAGE, MREMAP_MAYMOVE));
  CALL(mremap(n, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, n + 2 * PAGE));
  CALL(mremap(n, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, n + 10 * PAGE) == n + 10 * PAGE);
  SHOW(get(n));
  SHOW(get(n + 11 * PAGE));
  char *twice = mremap(shared, 0, PAGE, MREMAP_MAYMOVE);
  SHOW(get(twice));
  SHOW(put(twice, 'Z'));
  SHOW(get(shared));
  char *left = anonymous(2);
  left[0] = 9;
  char *moved = (char *)syscall(SYS_mremap, left, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  SHOW(get(left));
  SHOW(get(moved));
}

static void advice(void) {
  char *a = anonymous(8);
  a[5 * PAGE] = 3;
  CALL(madvise(a + 5 * PAGE, PAGE, MADV_DONTNEED));
  SHOW(get(a + 5 * PAGE));
  CALL(madvise(a + 1, PAGE, MADV_DONTNEED));
  CALL(madvise(a, PAGE, 77));
  CALL(madvise(a, 0, MADV_DONTNEED));
  CALL(madvise(a, PAGE, MADV_NORMAL));
  CALL(madvise(NOWHERE, PAGE, MADV_NORMAL));
  CALL(madvise(shared, PAGE, MADV_FREE));
  CALL(madvise(a, PAGE, MADV_FREE));
  CALL(madvise(own + PAGE, PAGE, MADV_DONTNEED));
  SHOW(get(own + PAGE));
  CALL(madvise(a, 2 * PAGE, MADV_POPULATE_WRITE));
  CALL(madvise(NOWHERE, 2 * PAGE, MADV_POPULATE_READ));
  unsigned char vector[5] = {9, 9, 9, 9, 9};
  CALL(mincore(a, 4 * PAGE, vector));
  SHOW((vector[0] & 1) + (vector[1] & 1));
  SHOW(vector[4]);
  CALL(mincore(a + 1, PAGE, vector));
  CALL(mincore(NOWHERE, PAGE, vector));
  CALL(mincore(a, PAGE, (void *)8));
  CALL(mlock(a, 4 * PAGE));
  CALL(munlock(a, 4 * PAGE));
  CALL(mlock(NOWHERE, PAGE));
  CALL(mlockall(0));
  CALL(mlockall(MCL_CURRENT));
  CALL(munlockall());
  CALL(syscall(SYS_membarrier, 0, 0, 0));
  CALL(syscall(SYS_membarrier, 0, 1, 0));
}

static void heap(void) {
  char *start = sbrk(0);
  CALL(sbrk(100000) == start);
  SHOW(put(start + 99999, 4));
  SHOW(get(start + 99999));
  CALL(brk(start));
  SHOW(get(start + 8 * PAGE));
}

static void forks(void) {
  char *a = anonymous(4), *both = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CALL(madvise(a + 2 * PAGE, PAGE, MADV_WIPEONFORK));
  CALL(madvise(a + 3 * PAGE, PAGE, MADV_DONTFORK));
  CALL(madvise(both, PAGE, MADV_WIPEONFORK));
  a[0] = both[0] = 1;
  a[2 * PAGE] = 5;
  if (fork() == 0) {
    a[0] = both[0] = 2;
    both[PAGE] = 3;
    own[PAGE] = 'C';
    SHOW(get(a + 2 * PAGE));
    SHOW(get(a + 3 * PAGE));
    exit(0);
  }
  int status;
  wait(&status);
  SHOW(status);
  SHOW(a[0]);
  SHOW(a[2 * PAGE]);
  SHOW(both[0]);
  SHOW(both[PAGE]);
  SHOW(get(own + PAGE));
}

static void limits(void) {
  volatile char deep[3 << 20];
  deep[0] = 1;
  deep[sizeof deep - 1] = 2;
  SHOW(deep[0] + deep[sizeof deep - 1]);
  struct rlimit limit = {64 << 20, 64 << 20};
  setrlimit(RLIMIT_AS, &limit);
  CALL(mmap(NULL, 128 << 20, RW, ANON, -1, 0));
  CALL(mmap(NULL, 1 << 20, RW, ANON, -1, 0));
}

static void ends(int file) {
  int zero = open("/dev/zero", O_RDWR);
  SHOW(get(mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0)));
  SHOW(put(mmap(NULL, PAGE, RW, MAP_SHARED, zero, 0), 1));
  /* A mapping keeps a file that has neither name nor descriptor. */
  unlink("file");
  close(file);
  SHOW(get(shared));
  int small = open("small", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char text[6] = "";
  write(small, "hello", 5);
  char *at = mmap(NULL, PAGE, RW, MAP_SHARED, small, 0);
  SHOW(put(at, 'J'));
  CALL(munmap(at, PAGE));
  pread(small, text, 5, 0);
  puts(text);
  SHOW(lseek(small, 0, SEEK_END));
}

/* VmLck of this process in pages, and how many of the first 4 pages at an address are present. */
static long locked(void) {
  char line[200];
  long kb = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) sscanf(line, "VmLck: %ld", &kb);
  fclose(status);
  return kb / 4;
}
static long present(char *at) {
  unsigned char vector[4];
  if (mincore(at, 4 * PAGE, vector)) return -1;
  return (vector[0] & 1) + (vector[1] & 1) + (vector[2] & 1) + (vector[3] & 1);
}

/* Locks of a user whose limit is 8 pages. */
static void locks(void) {
  struct rlimit limit = {8 * PAGE, 8 * PAGE};
  CALL(setrlimit(RLIMIT_MEMLOCK, &limit));
  CALL(setresuid(1000, 1000, 1000));
  char *a = anonymous(16);
  CALL(mlock(a, 4 * PAGE));
  SHOW(locked());
  SHOW(present(a));
  CALL(mlock(a + 2 * PAGE, 4 * PAGE));
  SHOW(locked());
  CALL(mlock(a, 9 * PAGE));
  SHOW(locked());
  CALL(munlock(a + PAGE, 2 * PAGE));
  SHOW(locked());
  CALL(madvise(a, PAGE, MADV_DONTNEED));
  CALL(madvise(a, PAGE, MADV_FREE));
  CALL(madvise(a, PAGE, MADV_COLD));
  CALL(madvise(a, PAGE, MADV_PAGEOUT));
  CALL(madvise(a + PAGE, PAGE, MADV_DONTNEED));
  CALL(msync(a, PAGE, MS_ASYNC | MS_INVALIDATE));
  CALL(msync(a + PAGE, PAGE, MS_ASYNC | MS_INVALIDATE));
  CALL(mremap(a, PAGE, 12 * PAGE, MREMAP_MAYMOVE));
  CALL(munmap(a, 3 * PAGE));
  SHOW(locked());
  CALL(munlock(a, 8 * PAGE));
  SHOW(locked());
  CALL(munlock(a + 3 * PAGE, 8 * PAGE));
  SHOW(locked());
  CALL(mlock2(a + 8 * PAGE, 4 * PAGE, MLOCK_ONFAULT));
  SHOW(present(a + 8 * PAGE));
  SHOW(locked());
  CALL(mlock2(a, PAGE, 2));
  CALL(mlock(a + 2 * PAGE + 5, PAGE));
  CALL(mlock(a + 3 * PAGE + 5, PAGE));
  SHOW(locked());
  CALL(mlock(NOWHERE, PAGE));
  CALL(mlock(a + 3 * PAGE, 0));
  CALL(mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0));
  SHOW(locked());
  CALL(mmap(NULL, 4 * PAGE, RW, ANON | MAP_LOCKED, -1, 0));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    SHOW(locked());
    _exit(0);
  }
  waitpid(child, NULL, 0);
  CALL(munlockall());
  SHOW(locked());
  CALL(mlockall(MCL_CURRENT));
  CALL(mlockall(MCL_FUTURE | 8));
  CALL(mlockall(MCL_ONFAULT));
  CALL(mlockall(MCL_FUTURE));
  char *b = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);
  SHOW(locked());
  SHOW(present(b));
  CALL(mmap(NULL, 8 * PAGE, RW, ANON, -1, 0));
  CALL(munlockall());
  SHOW(locked());
  CALL(munmap(b, 4 * PAGE));
  limit.rlim_cur = 0;
  CALL(setrlimit(RLIMIT_MEMLOCK, &limit));
  CALL(mlock(a + 3 * PAGE, PAGE));
  CALL(mlockall(MCL_CURRENT));
  CALL(mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0));
  CALL(munlock(a + 3 * PAGE, PAGE));
}

/* Memory of a child. */
static void others(void) {
  char *a = anonymous(6), *b = anonymous(6);
  memset(a, 'o', 6 * PAGE);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  memset(a, 'm', 6 * PAGE);
  munmap(b + 4 * PAGE, PAGE);
  struct iovec mine[2] = {{b, PAGE + 10}, {b + 2 * PAGE, PAGE}};
  struct iovec theirs[2] = {{a + 100, 5000}, {a + 5 * PAGE, 2 * PAGE}};
  SHOW(process_vm_readv(child, mine, 2, theirs, 1, 0));
  SHOW(get(b + PAGE + 9));
  SHOW(get(b + PAGE + 10));
  SHOW(get(b + 2 * PAGE + 893));
  SHOW(get(b + 2 * PAGE + 894));
  SHOW(process_vm_readv(child, mine, 2, theirs, 2, 0));
  SHOW(process_vm_readv(getpid(), mine, 1, theirs, 1, 0));
  SHOW(get(b));
  memset(b, 'w', 2 * PAGE);
  SHOW(process_vm_writev(child, mine, 1, theirs, 1, 0));
  SHOW(get(a + 100));
  SHOW(process_vm_readv(child, mine + 1, 1, theirs, 1, 0));
  SHOW(get(b + 2 * PAGE));
  struct iovec nowhere = {NOWHERE, PAGE}, gap[2] = {{a, 10}, {NOWHERE, 10}}, huge = {b, -1}, ends = {b + 3 * PAGE, 2 * PAGE};
  CALL(process_vm_readv(child, mine, 1, &nowhere, 1, 0));
  SHOW(process_vm_readv(child, mine, 1, gap, 2, 0));
  SHOW(process_vm_readv(child, &ends, 1, theirs + 1, 1, 0));
  CALL(process_vm_readv(child, mine, 1, theirs, 1, 1));
  CALL(process_vm_readv(child, mine, 1025, theirs, 1, 0));
  CALL(process_vm_readv(child, mine, 1, theirs, 1025, 0));
  CALL(process_vm_readv(child, &huge, 1, theirs, 1, 0));
  CALL(process_vm_readv(child, NOWHERE, 1, theirs, 1, 0));
  CALL(process_vm_readv(child, mine, 1, NOWHERE, 1, 0));
  CALL(process_vm_readv(child, mine, 0, theirs, 1, 0));
  CALL(process_vm_readv(child, mine, 1, theirs, 0, 0));
  CALL(process_vm_readv(99999999, mine, 1, theirs, 1, 0));
  fflush(stdout);
  pid_t stranger = fork();
  if (stranger == 0) {
    setresuid(1000, 1000, 1000);
    CALL(process_vm_readv(child, mine, 1, theirs, 1, 0));
    CALL(process_vm_writev(child, mine, 1, theirs, 1, 0));
    _exit(0);
  }
  waitpid(stranger, NULL, 0);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  CALL(process_vm_readv(child, mine, 1, theirs, 1, 0));
}

/* Holes in shared memory, areas that grow, barriers that want to be registered for. */
static void rest(int file) {
  char *both = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *alone = anonymous(4);
  memset(both, 8, 4 * PAGE);
  CALL(madvise(both + PAGE, PAGE, MADV_REMOVE));
  SHOW(get(both) * 100 + get(both + PAGE) * 10 + get(both + 2 * PAGE));
  CALL(madvise(alone, PAGE, MADV_REMOVE));
  CALL(madvise(mmap(NULL, PAGE, RW, MAP_PRIVATE, file, 0), PAGE, MADV_REMOVE));
  CALL(madvise(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("file", O_RDONLY), 0), PAGE, MADV_REMOVE));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, file, 0));
  char *area = mmap(NULL, 812 * PAGE, PROT_NONE, ANON, -1, 0);
  munmap(area, 812 * PAGE);
  char *top = mmap(area + 800 * PAGE, PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  SHOW(put(top - PAGE, 1));
  SHOW(put(top - 200 * PAGE, 1));
  mmap(area, PAGE, RW, ANON | MAP_FIXED, -1, 0);
  SHOW(put(area + 258 * PAGE, 1));
  SHOW(put(area + 250 * PAGE, 1));
  CALL(syscall(SYS_membarrier, 8, 0, 0));
  CALL(syscall(SYS_membarrier, 16, 0, 0));
  CALL(syscall(SYS_membarrier, 8, 0, 0));
  CALL(syscall(SYS_membarrier, 32, 0, 0));
  CALL(syscall(SYS_membarrier, 64, 0, 0));
  CALL(syscall(SYS_membarrier, 32, 0, 0));
  CALL(syscall(SYS_membarrier, 24, 0, 0));
}

#ifdef __riscv
static void code(void) {
  /* li a0, 42; ret */
  unsigned *at = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
  at[0] = 0x02a00513;
  at[1] = 0x00008067;
  __builtin___clear_cache((char *)at, (char *)at + 8);
  SHOW(((int (*)(void))at)());
  at[0] = 0x02b00513;
  __builtin___clear_cache((char *)at, (char *)at + 8);
  SHOW(((int (*)(void))at)());
  mprotect(at, PAGE, RW);
  at[0] = 0x02c00513;
  mprotect(at, PAGE, PROT_READ | PROT_EXEC);
  SHOW(((int (*)(void))at)());
}
#endif

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (int i = 0; i < 5; i++) {
    char page[PAGE];
    memset(page, 'a' + i, PAGE);
    write(file, page, PAGE);
  }
  write(file, "tail", 4);
  refusals(file);
  files(file);
  protections();
  moves();
  advice();
  heap();
  forks();
  limits();
  ends(file);
  others();
  rest(file);
  fflush(stdout);
  if (fork() == 0) {
    locks();
    _exit(0);
  }
  wait(NULL);
#ifdef __riscv
  code();
#endif
  return 0;
}
