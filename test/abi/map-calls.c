/*
 * What the man pages of the mmap family say in their small print, call by call: a table.
 *
 * Run in an empty directory. What Linux prints is in map-calls.expected, recorded on Linux 6.18 (x86-64).
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accesses.h"

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
/* Nothing is mapped here. */
#define NOWHERE ((char *)0x20000000)
#define FAR ((char *)0x30000000)

static char *pages(long count, int flags) {
  char *a = mmap(NULL, count * PAGE, RW, flags, -1, 0);
  for (int i = 0; i < count; i++) a[i * PAGE] = i + 1;
  return a;
}
static char *at(char *where, long count) { return mmap(where, count * PAGE, RW, ANON | MAP_FIXED, -1, 0); }
static void *move(void *from, long old, long new, int flags, void *to) {
  return (void *)syscall(SYS_mremap, from, old, new, flags, to);
}
static int present(char *from, int count) {
  unsigned char there[64];
  int sum = 0;
  if (mincore(from, count * PAGE, there) != 0) return -errno;
  for (int i = 0; i < count; i++) sum += there[i] & 1;
  return sum;
}

static void refusals(void) {
  char *a = pages(4, ANON);
  CALL(move(a + 1, PAGE, PAGE, 0, NULL));
  CALL(move(a, PAGE, 0, 0, NULL));
  CALL(move(a, PAGE, PAGE, 8, NULL));
  CALL(move(a, PAGE, PAGE, MREMAP_FIXED, FAR));
  CALL(move(a, PAGE, PAGE, MREMAP_DONTUNMAP, NULL));
  CALL(move(a, 2 * PAGE, PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL));
  CALL(move(a, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, FAR + 1));
  CALL(move(a, 4 * PAGE, 4 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, a + PAGE));
  CALL(move(a, 4 * PAGE, 4 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, a));
  CALL(move(NOWHERE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL));
  CALL(move(NOWHERE, PAGE, PAGE, 0, NULL));
  CALL(move(a, 0, PAGE, MREMAP_MAYMOVE, NULL));
  CALL(move(a, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, NULL));
  CALL(move(a, PAGE, 1L << 46, MREMAP_MAYMOVE, NULL));
  munmap(a, 4 * PAGE);
}

static void growing(void) {
  at(NOWHERE, 2);
  put(NOWHERE, 5);
  SHOW(move(NOWHERE, 2 * PAGE, 4 * PAGE, 0, NULL) == NOWHERE);
  SHOW(get(NOWHERE + 3 * PAGE));
  SHOW(move(NOWHERE, 4 * PAGE, PAGE, 0, NULL) == NOWHERE);
  SHOW(get(NOWHERE + PAGE));
  at(NOWHERE + 2 * PAGE, 1);
  SHOW(move(NOWHERE, PAGE, 2 * PAGE, 0, NULL) == NOWHERE);
  CALL(move(NOWHERE, 2 * PAGE, 4 * PAGE, 0, NULL));
  char *a = move(NOWHERE, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, NULL);
  SHOW(get(a));
  SHOW(get(NOWHERE));
  /* The middle of an area has no room; the part moves alone. */
  char *b = pages(4, ANON);
  char *c = move(b + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL);
  SHOW(get(c));
  SHOW(get(b + PAGE));
  SHOW(get(b + 2 * PAGE));
  CALL(move(b, PAGE, 3 * PAGE, 0, NULL));
  CALL(move(b, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL));
  SHOW(move(b, 4 * PAGE, 2 * PAGE, 0, NULL) == b);
  SHOW(get(b + 2 * PAGE));
  SHOW(get(b));
  munmap(a, 4 * PAGE);
  munmap(NOWHERE, 4 * PAGE);
}

static void moving(void) {
  char *a = pages(4, ANON);
  at(FAR, 4);
  put(FAR + 3 * PAGE, 77);
  SHOW(move(a, 3 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, FAR) == FAR);
  SHOW(get(FAR + PAGE));
  SHOW(get(FAR + 2 * PAGE));
  SHOW(get(FAR + 3 * PAGE));
  SHOW(get(a));
  SHOW(get(a + 2 * PAGE));
  SHOW(get(a + 3 * PAGE));
  CALL(move(a + 3 * PAGE, PAGE, PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, (void *)-PAGE));
  munmap(FAR, 4 * PAGE);
  a = pages(3, ANON);
  char *b = move(a, 3 * PAGE, 3 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL);
  SHOW(get(b + 2 * PAGE));
  SHOW(get(a + 2 * PAGE));
  SHOW(put(a, 9));
  SHOW(get(b));
  char *c = move(b, 3 * PAGE, 3 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE | MREMAP_FIXED, FAR);
  SHOW(c == FAR);
  SHOW(get(c + PAGE));
  SHOW(get(b + PAGE));
  munmap(FAR, 3 * PAGE);
  char *s = pages(3, SHARED);
  char *t = move(s, 0, 3 * PAGE, MREMAP_MAYMOVE, NULL);
  SHOW(get(t + PAGE));
  SHOW(put(t + PAGE, 50));
  SHOW(get(s + PAGE));
  char *u = move(s + PAGE, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FAR);
  SHOW(get(u));
  char *v = move(s, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  SHOW(get(v + PAGE));
  SHOW(get(s + PAGE));
  char *w = move(v, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, NULL);
  SHOW(get(w + 2 * PAGE));
  SHOW(get(w + 3 * PAGE));
}

static void hints(int file) {
  at(NOWHERE, 2);
  CALL(mmap(NOWHERE + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
  CALL(mmap(NOWHERE - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
  SHOW(mmap(NOWHERE + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == NOWHERE + 2 * PAGE);
  SHOW(mmap(NOWHERE, PAGE, RW, ANON, -1, 0) != NOWHERE);
  SHOW(mmap(FAR + 5, PAGE, RW, ANON, -1, 0) == FAR);
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x200000, file, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x20000000000, file, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_POPULATE | MAP_NORESERVE, file, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED | 0x8000000, file, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
  CALL(mmap(NULL, PAGE, RW, MAP_SHARED, file, -PAGE));
  CALL(munmap(NULL, 0));
  CALL(munmap(NOWHERE + 1, PAGE));
  CALL(munmap((void *)-PAGE, PAGE));
  CALL(munmap(NOWHERE, 64 * PAGE));
  CALL(munmap(NOWHERE, PAGE));
  munmap(FAR, PAGE);
  char *a = mmap(NULL, 8 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
  SHOW(present(a, 8));
  a = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0);
  SHOW(present(a, 8));
  put(a + PAGE, 1);
  SHOW(present(a, 8));
  CALL(mincore(a + 1, PAGE, (void *)a));
  CALL(mincore(a, PAGE, (void *)1));
  CALL(mincore(NOWHERE, PAGE, (void *)a));
  CALL(mincore(a, -1, (void *)a));
  SHOW(present(a, 0));
  /* Areas that grow down. */
  char *g = mmap(NULL, 600 * PAGE, PROT_NONE, ANON, -1, 0);
  munmap(g, 600 * PAGE);
  char *top = g + 599 * PAGE;
  SHOW(mmap(top, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == top);
  SHOW(put(top - 2 * PAGE, 3));
  SHOW(get(top - PAGE));
  SHOW(put(top - 20 * PAGE, 3));
  CALL(mprotect(top - PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
  SHOW(put(top - 20 * PAGE, 3));
  SHOW(put(top, 3));
}

static void advice(int file) {
  char *a = pages(8, ANON), *s = pages(8, SHARED);
  char *m = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, file, 0);
  CALL(madvise(a + 1, PAGE, MADV_NORMAL));
  CALL(madvise(a, PAGE, 1212));
  CALL(madvise(a, 0, MADV_DONTNEED));
  CALL(madvise(a, -1, MADV_DONTNEED));
  CALL(madvise(a, -PAGE, MADV_DONTNEED));
  CALL(madvise(NOWHERE, PAGE, MADV_DONTNEED));
  CALL(madvise(NOWHERE, PAGE, MADV_PAGEOUT));
  CALL(madvise(m, PAGE, MADV_FREE));
  CALL(madvise(s, PAGE, MADV_FREE));
  CALL(madvise(a, PAGE, MADV_REMOVE));
  CALL(madvise(s, PAGE, MADV_REMOVE));
  SHOW(get(s));
  SHOW(get(s + PAGE));
  CALL(madvise(s, 8 * PAGE, MADV_DONTNEED));
  SHOW(get(s + PAGE));
  CALL(madvise(a, PAGE, MADV_DONTNEED));
  SHOW(get(a));
  CALL(madvise(m, PAGE, MADV_WIPEONFORK));
  CALL(madvise(s, PAGE, MADV_WIPEONFORK));
  CALL(madvise(a + 2 * PAGE, PAGE, MADV_WIPEONFORK));
  CALL(madvise(a + 3 * PAGE, PAGE, MADV_DONTFORK));
  fflush(stdout);
  if (fork() == 0) {
    SHOW(get(a + PAGE));
    SHOW(get(a + 2 * PAGE));
    SHOW(get(a + 3 * PAGE));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  CALL(mlock(a, 8 * PAGE));
  CALL(munmap(a + PAGE, PAGE));
  CALL(madvise(a, PAGE, MADV_DONTNEED));
  CALL(madvise(a, PAGE, MADV_COLD));
  CALL(madvise(a, PAGE, MADV_PAGEOUT));
  CALL(madvise(a, PAGE, MADV_DONTNEED_LOCKED));
  CALL(munlock(a, PAGE));
  CALL(madvise(a, 3 * PAGE, MADV_COLD));
  CALL(msync(m, PAGE, MS_SYNC | MS_ASYNC));
  CALL(msync(m + 1, PAGE, MS_SYNC));
  CALL(msync(m, PAGE, 64));
  CALL(msync(NOWHERE, PAGE, MS_SYNC));
  CALL(msync(m, 0, MS_SYNC));
  CALL(msync(m, PAGE, 0));
  CALL(mlock(m, PAGE));
  CALL(msync(m, PAGE, MS_INVALIDATE));
  CALL(msync(m, PAGE, MS_SYNC));
}

static void locks(void) {
  char *a = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0);
  CALL(syscall(SYS_mlock2, a, PAGE, 2));
  CALL(syscall(SYS_mlock2, a, 2 * PAGE, 1));
  SHOW(present(a, 8));
  CALL(syscall(SYS_mlock2, a + 2 * PAGE, 2 * PAGE, 0));
  SHOW(present(a, 8));
  CALL(mlock(a + PAGE / 2, PAGE));
  SHOW(present(a, 8));
  CALL(mlock(NOWHERE, PAGE));
  CALL(munlock(NOWHERE, PAGE));
  CALL(mlock((void *)-PAGE, 2 * PAGE));
  CALL(mlockall(0));
  CALL(mlockall(8));
  CALL(mlockall(MCL_ONFAULT));
  CALL(munlockall());
  CALL(mprotect(a, 8 * PAGE, PROT_NONE));
  CALL(mlock(a, PAGE));
  CALL(mprotect(a + 1, PAGE, RW));
  CALL(mprotect(a, 0, RW));
  CALL(mprotect(NOWHERE, PAGE, RW));
  CALL(mprotect(a, PAGE, 64));
  CALL(mprotect(a, PAGE, RW | PROT_GROWSDOWN | PROT_GROWSUP));
  CALL(mprotect(a, PAGE, RW | PROT_GROWSDOWN));
}

/* The break: as asked, never below where the heap begins, and back with everything that was above. */
static void breaks(void) {
  char *start = sbrk(0);
  CALL(brk(start + 3 * PAGE) == 0 ? 0 : -1);
  SHOW((char *)sbrk(0) - start);
  SHOW(put(start + 3 * PAGE - 1, 4));
  CALL(brk(start));
  CALL(brk(start + 3 * PAGE));
  SHOW(get(start + 3 * PAGE - 1));
  CALL(brk((void *)(1L << 46)));
  CALL(brk((void *)PAGE));
  SHOW((char *)sbrk(0) - start);
  brk(start);
}

static void parts(int file) {
  char *m = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, file, 0);
  for (int i = 0; i < 4; i++) m[i * PAGE] = 'a' + i;
  CALL(remap_file_pages(m, PAGE, 0, 3, 0));
  CALL(remap_file_pages(m + PAGE, PAGE, 0, 0, 0));
  CALL(remap_file_pages(m + 3 * PAGE, PAGE, 0, 1, 0));
  printf("%c%c%c%c\n", m[0], m[PAGE], m[2 * PAGE], m[3 * PAGE]);
  CALL(remap_file_pages(m, PAGE, PROT_READ, 0, 0));
  CALL(remap_file_pages(m, 0, 0, 0, 0));
  CALL(remap_file_pages(NOWHERE, PAGE, 0, 0, 0));
  CALL(remap_file_pages(pages(1, ANON), PAGE, 0, 0, 0));
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  ftruncate(file, 4 * PAGE);
  refusals();
  growing();
  moving();
  hints(file);
  advice(file);
  locks();
  breaks();
  parts(file);
  unlink("file");
  return 0;
}
