/*
 * One simple command: a function, a builtin or a program, with its assignments and redirections.
 */
#include "shell.h"

static void trace(int argc, char **argv) {
  struct text text = {0};
  text_add(&text, "+", 1);
  for (int i = 0; i < argc; i++) {
    text_char(&text, ' ');
    text_add(&text, argv[i], strlen(argv[i]));
  }
  text_char(&text, '\n');
  write_all(2, text.at, text.length);
  release(text.at);
}

/* NAME=value words; `temporary` sets the older values aside, to be restored by restore_locals. */
static bool assign(struct word *assigns, bool temporary) {
  for (; assigns && shell.jump == NO_JUMP; assigns = assigns->next) {
    const char *equals = strchr(assigns->raw, '=');
    const char *name = arena_copy(&scratch, assigns->raw, (size_t)(equals - assigns->raw));
    const char *value = expand_single(equals + 1);
    if (temporary) make_local(name);
    if (!set_variable(name, value)) return false;
    if (temporary) mark_variable(name, true, false);
    if (shell.trace && !temporary) {
      char *shown = join_path(name, value);
      shown[strlen(name)] = '=';
      trace(1, &shown);
      release(shown);
    }
  }
  return true;
}

static int run_function(struct node *body, int argc, char **argv) {
  struct shell outer = shell;
  size_t depth = locals_depth();
  shell.argc = argc - 1;
  shell.argv = argv + 1;
  shell.parameters = NULL;
  shell.loops = 0;
  shell.functions++;
  int status = run(body, false);
  if (shell.jump == JUMP_RETURN) {
    shell.jump = NO_JUMP;
    status = shell.status;
  }
  release(shell.parameters);
  shell.argc = outer.argc;
  shell.argv = outer.argv;
  shell.parameters = outer.parameters;
  shell.loops = outer.loops;
  shell.functions--;
  restore_locals(depth);
  return status;
}

static bool is_executable(const char *path) {
  struct stat stat;
  return sys_stat(path, &stat, 0) == 0 && (stat.mode & S_IFMT) == S_IFREG && sys_access(path, 1) == 0;
}

char *find_program(const char *name) {
  if (strchr(name, '/')) return is_executable(name) ? arena_copy(&scratch, name, strlen(name)) : NULL;
  const char *path = get_variable("PATH");
  for (; path && *name; path++) {
    const char *end = path;
    while (*end && *end != ':') end++;
    char *folder = arena_copy(&scratch, path, (size_t)(end - path));
    char *joined = join_path(*folder ? folder : ".", name);
    char *full = arena_copy(&scratch, joined, strlen(joined));
    release(joined);
    if (is_executable(full)) return full;
    path = end;
    if (!*path) break;
  }
  return NULL;
}

void run_external(char **argv) {
  const char *path = strchr(argv[0], '/') ? argv[0] : find_program(argv[0]);
  if (!path) {
    complain("%s: not found", argv[0]);
    sys_exit(127);
  }
  int error = sys_execve(path, argv, environment_block());
  if (error == -ENOEXEC) {
    /* No interpreter line: the script is ours to run. */
    int count = 0;
    while (argv[count + 1]) count++;
    set_parameters(count, argv + 1);
    shell.name = path;
    shell_exit(run_file(path));
  }
  complain("%s: %s", argv[0], error == -ENOENT ? "not found" : error_text(error));
  sys_exit(error == -ENOENT ? 127 : 126);
}

static int run_program(struct node *node, char **argv, bool last) {
  bool here = last && !has_exit_trap();
  struct job *job = here ? NULL : new_job();
  if (job) job_text(job, node);
  if (here || spawn(job, false) == 0) {
    flush();
    if (!redirect(node->redirects, NULL) || !assign(node->assigns, true)) sys_exit(1);
    if (here) traps_in_child(false);
    run_external(argv);
  }
  return wait_for(job);
}

static int run_here(struct node *node, const struct builtin_entry *builtin, struct node *body, int argc, char **argv) {
  bool special = builtin && builtin->special;
  size_t depth = locals_depth();
  struct saved_fd *saved = NULL;
  int status = special ? 2 : 1;
  /* `exec` without a command is what makes redirections of the shell itself. */
  bool keep = builtin && same(builtin->name, "exec") && argc == 1;
  if (redirect(node->redirects, keep ? NULL : &saved) && assign(node->assigns, !special)) {
    status = body ? run_function(body, argc, argv) : builtin->run(argc, argv);
  } else if (special && !shell.interactive) {
    shell_exit(2);
  }
  long error = flush();
  if (error < 0 && builtin) {
    complain("%s: write error: %s", argv[0], error_text(error));
    status = 1;
  }
  restore_fds(saved);
  if (!special) restore_locals(depth);
  return status;
}

int run_simple(struct node *node, bool last) {
  struct mark mark = scratch_mark();
  int argc, status;
  shell.substitution_status = -1;
  char **argv = expand_words(node->words, &argc);
  if (shell.jump == JUMP_TOP) {
    status = shell.status;
  } else if (argc == 0) {
    struct saved_fd *saved = NULL;
    bool good = redirect(node->redirects, &saved);
    restore_fds(saved);
    if (!assign(node->assigns, false) && !shell.interactive) shell_exit(2);
    status = !good ? 1 : shell.substitution_status >= 0 ? shell.substitution_status : 0;
  } else {
    if (shell.trace) trace(argc, argv);
    const struct builtin_entry *builtin = find_builtin(argv[0]);
    struct node *body = builtin && builtin->special ? NULL : find_function(argv[0]);
    if (builtin || body) status = run_here(node, body ? NULL : builtin, body, argc, argv);
    else status = run_program(node, argv, last);
  }
  scratch_release(mark);
  return status;
}

/* The output of a command without its last newlines, in scratch. */
char *run_substitution(const char *text, size_t length) {
  char *command = arena_copy(&scratch, text, length);
  int fds[2];
  int error = sys_pipe(fds, O_CLOEXEC);
  if (error < 0) die("pipe: %s", error_text(error));
  flush();
  int pid = spawn(NULL, false);
  if (pid == 0) {
    sys_dup3(fds[1], 1, 0);
    shell_exit(run_text(command, true));
  }
  sys_close(fds[1]);
  struct text output = {0};
  char buffer[4096];
  long got;
  text_add(&output, "", 0);
  while ((got = sys_read(fds[0], buffer, sizeof buffer)) > 0 || got == -EINTR) {
    for (long i = 0; i < got; i++) {
      if (buffer[i]) text_char(&output, buffer[i]);
    }
  }
  sys_close(fds[0]);
  int status = 0;
  while ((error = sys_wait4(pid, &status, 0)) == -EINTR) continue;
  shell.substitution_status = exit_status(status);
  while (output.length > 0 && output.at[output.length - 1] == '\n') output.length--;
  char *result = arena_copy(&scratch, output.at, output.length);
  release(output.at);
  return result;
}
