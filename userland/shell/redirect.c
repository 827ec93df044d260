/*
 * Redirections, for good or until restored.
 */
#include "shell.h"

enum { COPIES = 10, PIPE_ROOM = 4096 };

static int open_for(const struct redirect *r, const char *path) {
  switch (r->kind) {
    case FROM_FILE: return sys_open(path, O_RDONLY, 0);
    case READ_WRITE: return sys_open(path, O_RDWR | O_CREAT, 0666);
    case APPEND: return sys_open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    default: return sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  }
}

/* The text goes through a pipe: at once if it surely fits, else from a child that nobody waits for by name. */
static int open_here(const char *text) {
  int fds[2];
  size_t length = strlen(text);
  int error = sys_pipe(fds, 0);
  if (error < 0) return error;
  if (length <= PIPE_ROOM || spawn(NULL, false) == 0) {
    write_all(fds[1], text, length);
    if (length > PIPE_ROOM) sys_exit(0);
  }
  sys_close(fds[1]);
  return fds[0];
}

static void save(int fd, struct saved_fd **saved) {
  struct saved_fd *entry = allocate(sizeof *entry);
  long copy = sys_fcntl(fd, F_DUPFD_CLOEXEC, COPIES);
  *entry = (struct saved_fd){*saved, fd, (int)copy};
  *saved = entry;
}

static bool redirect_one(struct redirect *r, struct saved_fd **saved) {
  const char *target = r->kind != HERE ? expand_single(r->target) : r->literal ? r->target : expand_here(r->target);
  if (shell.jump == JUMP_TOP) return false;
  long from;
  bool opened = r->kind != DUPLICATE;
  if (opened) {
    int fd = r->kind == HERE ? open_here(target) : open_for(r, target);
    if (fd < 0) {
      bool create = r->kind == TO_FILE || r->kind == APPEND;
      complain("cannot %s %s: %s", create ? "create" : "open", target, fd == -ENOENT && create ? "Directory nonexistent" : error_text(fd));
      return false;
    }
    from = fd;
  } else if (same(target, "-")) {
    if (saved) save(r->fd, saved);
    sys_close(r->fd);
    return true;
  } else if (!parse_number(target, &from) || sys_fcntl((int)from, F_GETFD, 0) < 0) {
    complain("%s: bad file descriptor", target);
    return false;
  }
  if (from == r->fd) return true;
  if (saved) save(r->fd, saved);
  sys_dup3((int)from, r->fd, 0);
  if (opened) sys_close((int)from);
  return true;
}

bool redirect(struct redirect *list, struct saved_fd **saved) {
  if (list) flush();
  for (; list; list = list->next) {
    if (!redirect_one(list, saved)) return false;
  }
  return true;
}

void restore_fds(struct saved_fd *saved) {
  while (saved) {
    struct saved_fd *next = saved->next;
    if (saved->copy >= 0) {
      sys_dup3(saved->copy, saved->fd, 0);
      sys_close(saved->copy);
    } else {
      sys_close(saved->fd);
    }
    release(saved);
    saved = next;
  }
}
