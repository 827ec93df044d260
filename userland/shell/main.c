/*
 * sh: a small POSIX shell.
 *
 *   sh [-efiux] [-o OPTION] [-c COMMAND [NAME [ARGUMENT...]] | SCRIPT [ARGUMENT...] | -s]
 *
 * Interactive when stdin and stderr are a terminal and nothing else is to be run, or with -i. Lines are edited by the
 * terminal itself. Not here: aliases, history, line editing, getopts, hash, times, ulimit, $LINENO, ~user.
 */
#include "shell.h"

int run_source(struct source *source) {
  struct arena arena = {0};
  struct lexer lexer = {.source = source, .arena = &arena, .byte = -2};
  int status = 0;
  for (;;) {
    source->more = false;
    struct node *line = parse_line(&lexer);
    bool end = lexer.token == END;
    if (lexer.error && shell.jump != JUMP_TOP) {
      complain("syntax error: %s", lexer.error);
      shell.status = status = 2;
      if (!shell.interactive || source->string) {
        if (!shell.interactive) shell_exit(2);
        break;
      }
    } else if (line && shell.jump == NO_JUMP) {
      source->more = true;
      status = run(line, source->last && !*source->string);
    }
    /* A function's tree has to stay, and with it all that was parsed in the same arena. */
    if (!lexer.defined) arena_free(&arena);
    bool recover = shell.interactive && !source->string && (shell.jump == JUMP_TOP || lexer.error);
    if (recover) {
      shell.jump = NO_JUMP;
      shell.tested = shell.loops = 0;
      interrupted = false;
      /* The rest of a bad line goes; the next line starts afresh. */
      source->at = source->end;
      end = false;
    }
    if (lexer.defined || recover) {
      arena = (struct arena){0};
      lexer = (struct lexer){.source = source, .arena = &arena, .byte = recover ? -2 : lexer.byte};
    }
    if (end || shell.jump != NO_JUMP) break;
  }
  if (!lexer.defined) arena_free(&arena);
  return status;
}

int run_text(const char *text, bool last) {
  struct source source = {.string = text, .last = last};
  return run_source(&source);
}

int run_file(const char *path) {
  int opened = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  long fd = opened < 0 ? opened : sys_fcntl(opened, F_DUPFD_CLOEXEC, 10);
  if (fd < 0) {
    complain("cannot open %s: %s", path, error_text(fd));
    if (!shell.interactive) shell_exit(fd == -ENOENT ? 127 : 126);
    return 127;
  }
  sys_close(opened);
  struct source source;
  source_file(&source, (int)fd, false);
  int status = run_source(&source);
  release(source.buffer);
  sys_close((int)fd);
  return status;
}

static bool is_terminal(int fd) {
  unsigned char settings[64];
  return sys_ioctl(fd, TCGETS, settings) == 0;
}

int main(int argc, char **argv) {
  const char *command = NULL;
  bool from_command = false, from_stdin = false;
  int i = 1;
  shell.pid = sys_getpid();
  shell.name = argc > 0 ? argv[0] : "sh";
  /* -c, -i, -s and -l are for the start only; the rest is what `set` takes. */
  for (; i < argc && (*argv[i] == '-' || *argv[i] == '+') && argv[i][1] && !same(argv[i], "--"); i++) {
    char rest[16] = {*argv[i]}, *to = rest + 1;
    for (const char *letter = argv[i] + 1; *letter && to < rest + sizeof rest - 1; letter++) {
      if (*letter == 'c') from_command = true;
      else if (*letter == 's') from_stdin = true;
      else if (*letter == 'i') shell.interactive = true;
      else if (*letter != 'l') *to++ = *letter;
    }
    char *arguments[] = {argv[0], rest, i + 1 < argc ? argv[i + 1] : NULL};
    int used = rest[1] ? set_options(rest[strlen(rest) - 1] == 'o' ? 3 : 2, arguments) : 2;
    if (used < 0) return 2;
    i += used - 2;
  }
  if (i < argc && same(argv[i], "--")) i++;
  if (from_command) {
    if (i == argc) die("-c needs a command");
    command = argv[i++];
  }
  const char *script = !from_command && !from_stdin && i < argc ? argv[i++] : NULL;
  if (script) shell.name = script;
  else if (from_command && i < argc) shell.name = argv[i++];
  set_parameters(argc - i, argv + i);
  variables_start();
  if (!command && !script && is_terminal(0) && is_terminal(2)) shell.interactive = true;
  if (shell.interactive) {
    shell.job_control = is_terminal(0);
    if (shell.job_control) jobs_start();
    else traps_start();
  }
  if (command) {
    shell_exit(run_text(command, true));
  } else if (script) {
    shell_exit(run_file(script));
  }
  struct source source;
  source_file(&source, 0, true);
  run_source(&source);
  shell_exit(shell.status);
}
