/*
 * Where program text comes from: a string, a script file, or the terminal with its prompts.
 */
#include "shell.h"

enum { BUFFER = 1024 };

/* A script that comes through stdin shares it with the commands it runs; only a file can be given back by seeking. */
void source_file(struct source *source, int fd, bool shared) {
  unsigned char settings[64];
  *source = (struct source){.fd = fd, .by_byte = shared};
  source->tty = shared && sys_ioctl(fd, TCGETS, settings) == 0;
  source->buffer = allocate(BUFFER);
}

static void prompt(const struct source *source) {
  const char *text = get_variable(source->more ? "PS2" : "PS1");
  if (!text) return;
  struct mark mark = scratch_mark();
  const char *shown = expand_here(text);
  write_all(2, shown, strlen(shown));
  scratch_release(mark);
}

int source_byte(struct source *source) {
  if (source->string) return *source->string ? (unsigned char)*source->string++ : -1;
  if (source->at < source->end) return (unsigned char)source->buffer[source->at++];
  /* Byte by byte, most reads are in the middle of a line. */
  if (shell.interactive && !source->midline) {
    flush();
    if (!source->more) report_jobs(false);
    prompt(source);
  }
  /* A terminal gives one line at most, so reading a block of it takes nothing from the commands. */
  size_t size = source->by_byte && !source->tty ? 1 : BUFFER;
  long got;
  for (;;) {
    got = sys_read(source->fd, source->buffer, size);
    if (got != -EINTR) break;
    if (interrupted) {
      interrupted = false;
      shell.status = 130;
      write_all(2, "\n", 1);
      if (source->more) {
        /* Give up the command that was being typed: the parser sees the end of a line it can not use. */
        shell.jump = JUMP_TOP;
        return -1;
      }
      prompt(source);
    }
    if (trap_pending) run_traps();
  }
  if (got <= 0) return -1;
  source->at = 1;
  source->end = (size_t)got;
  source->more = true;
  source->midline = source->by_byte && !source->tty && source->buffer[0] != '\n';
  return (unsigned char)source->buffer[0];
}
