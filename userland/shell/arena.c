/*
 * Memory that goes all at once.
 */
#include "shell.h"

struct chunk {
  struct chunk *before;
  size_t used, size;
};

struct arena scratch;

void *arena_take(struct arena *arena, size_t size) {
  size = (size + 15) & ~15UL;
  struct chunk *chunk = arena->last;
  if (!chunk || chunk->size - chunk->used < size) {
    size_t room = size > 1984 ? size : 1984;
    chunk = allocate(sizeof *chunk + room);
    *chunk = (struct chunk){arena->last, 0, room};
    arena->last = chunk;
  }
  void *at = (char *)(chunk + 1) + chunk->used;
  chunk->used += size;
  return memset(at, 0, size);
}

char *arena_copy(struct arena *arena, const char *s, size_t length) {
  char *copy = arena_take(arena, length + 1);
  memcpy(copy, s, length);
  return copy;
}

static void free_until(struct arena *arena, const struct chunk *stop) {
  while (arena->last != stop) {
    struct chunk *chunk = arena->last;
    arena->last = chunk->before;
    release(chunk);
  }
}

void arena_free(struct arena *arena) { free_until(arena, NULL); }

struct mark scratch_mark(void) { return (struct mark){scratch.last, scratch.last ? scratch.last->used : 0}; }

void scratch_release(struct mark mark) {
  free_until(&scratch, mark.chunk);
  if (mark.chunk) mark.chunk->used = mark.used;
}
