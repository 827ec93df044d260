/*
 * A small allocator: power-of-two classes with free lists, pages from mmap.
 *
 *   | header: class (8) | pad (8) | block, 16-byte aligned |
 *
 * Blocks above the largest class have a mapping of their own, whose size stands in the header, and go back to the kernel.
 * Small ones are kept for reuse. Not for threads: the programs with threads allocate before they start them.
 */
#include "runtime.h"

enum { HEADER = 16, SMALLEST = 5, LARGEST = 15, REGION = 1 << 16 };

struct block {
  uint64_t class; /* log2 of the size with header; for a mapping of its own, its size in bytes */
  struct block *next;
};

static struct block *free_lists[LARGEST + 1];
static char *region, *region_end;

static void *map_pages(size_t size) {
  void *pages = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error(pages)) die("out of memory");
  return pages;
}

void *allocate(size_t size) {
  size_t total = size + HEADER;
  if (total > 1UL << LARGEST) {
    total = (total + 4095) & ~4095UL;
    struct block *block = map_pages(total);
    block->class = total;
    return (char *)block + HEADER;
  }
  unsigned class = SMALLEST;
  while (1UL << class < total) class ++;
  struct block *block = free_lists[class];
  if (block) {
    free_lists[class] = block->next;
  } else {
    if ((size_t)(region_end - region) < 1UL << class) {
      /* The rest of the old region is lost: at most half of what was just asked for in it. */
      region = map_pages(REGION);
      region_end = region + REGION;
    }
    block = (struct block *)(void *)region;
    region += 1UL << class;
  }
  block->class = class;
  return (char *)block + HEADER;
}

void release(void *pointer) {
  if (!pointer) return;
  struct block *block = (struct block *)(void *)((char *)pointer - HEADER);
  if (block->class > LARGEST) {
    sys_munmap(block, block->class);
  } else {
    block->next = free_lists[block->class];
    free_lists[block->class] = block;
  }
}

void *reallocate(void *pointer, size_t size) {
  if (!pointer) return allocate(size);
  struct block *block = (struct block *)(void *)((char *)pointer - HEADER);
  size_t room = (block->class > LARGEST ? block->class : 1UL << block->class) - HEADER;
  if (size <= room) return pointer;
  void *bigger = allocate(size);
  memcpy(bigger, pointer, room);
  release(pointer);
  return bigger;
}

char *copy_string(const char *s) {
  size_t size = strlen(s) + 1;
  return memcpy(allocate(size), s, size);
}

char *join_path(const char *folder, const char *name) {
  size_t length = strlen(folder);
  bool slash = length > 0 && folder[length - 1] != '/';
  char *path = allocate(length + strlen(name) + 2);
  memcpy(path, folder, length);
  if (slash) path[length++] = '/';
  memcpy(path + length, name, strlen(name) + 1);
  return path;
}
