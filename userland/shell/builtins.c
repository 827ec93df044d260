/*
 * Commands that the shell runs itself. The table is the last thing in the file.
 */
#include "shell.h"

static int builtin_colon(int argc, char **argv) {
  (void)argc, (void)argv;
  return 0;
}

static int builtin_cd(int argc, char **argv) {
  const char *to = argc > 1 ? argv[1] : get_variable("HOME");
  bool back = to && same(to, "-");
  if (back) to = get_variable("OLDPWD");
  if (!to) {
    complain("cd: no folder to go to");
    return 1;
  }
  int error = sys_chdir(to);
  if (error < 0) {
    complain("cd: can't cd to %s: %s", to, error_text(error));
    return 2;
  }
  char folder[4096];
  const char *before = get_variable("PWD");
  set_variable("OLDPWD", before ? before : "");
  if (sys_getcwd(folder, sizeof folder) > 0) set_variable("PWD", folder);
  if (back) print("%s\n", folder);
  return 0;
}

static int builtin_pwd(int argc, char **argv) {
  (void)argc, (void)argv;
  char folder[4096];
  long error = sys_getcwd(folder, sizeof folder);
  if (error < 0) {
    complain("pwd: %s", error_text(error));
    return 1;
  }
  print("%s\n", folder);
  return 0;
}

static int builtin_exit(int argc, char **argv) {
  long status = shell.status;
  if (argc > 1 && !parse_number(argv[1], &status)) {
    complain("exit: %s: not a number", argv[1]);
    status = 2;
  }
  shell_exit((int)status);
}

static int jump_out(int argc, char **argv, enum jump jump) {
  long levels = 1;
  if (argc > 1 && (!parse_number(argv[1], &levels) || levels < 1)) {
    complain("%s: bad number: %s", argv[0], argv[1]);
    return 2;
  }
  if (shell.loops == 0) return 0;
  shell.jump = jump;
  shell.jump_levels = levels > shell.loops ? shell.loops : (int)levels;
  return 0;
}

static int builtin_break(int argc, char **argv) { return jump_out(argc, argv, JUMP_BREAK); }
static int builtin_continue(int argc, char **argv) { return jump_out(argc, argv, JUMP_CONTINUE); }

static int builtin_return(int argc, char **argv) {
  long status = shell.status;
  if (argc > 1 && !parse_number(argv[1], &status)) status = 2;
  shell.jump = JUMP_RETURN;
  return shell.status = (int)status & 255;
}

static int builtin_eval(int argc, char **argv) {
  struct text text = {0};
  text_add(&text, "", 0);
  for (int i = 1; i < argc; i++) {
    if (i > 1) text_char(&text, ' ');
    text_add(&text, argv[i], strlen(argv[i]));
  }
  int status = run_text(text.at, false);
  release(text.at);
  return status;
}

static int builtin_dot(int argc, char **argv) {
  if (argc < 2) return 0;
  const char *path = argv[1];
  if (!strchr(path, '/')) {
    const char *found = find_program(path);
    if (found) path = found;
  }
  long error = sys_access(path, 4);
  if (error < 0) {
    complain(".: cannot open %s: %s", path, error_text(error));
    if (!shell.interactive) shell_exit(2);
    return 2;
  }
  int status = run_file(path);
  if (shell.jump == JUMP_RETURN) {
    shell.jump = NO_JUMP;
    status = shell.status;
  }
  return status;
}

static int builtin_exec(int argc, char **argv) {
  if (argc == 1) return 0;
  traps_in_child(false);
  run_external(argv + 1);
}

static int builtin_kill(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (*argv[i] != '%') continue;
    int group = job_group(argv[i]);
    if (group < 0) {
      complain("kill: %s: no such job", argv[i]);
      return 1;
    }
    struct text text = {0};
    text_char(&text, '-');
    if (!shell.job_control) text.length = 0; /* then the job has no group of its own */
    char digits[16], *at = digits + sizeof digits;
    for (; group; group /= 10) *--at = (char)('0' + group % 10);
    text_add(&text, at, (size_t)(digits + sizeof digits - at));
    argv[i] = arena_copy(&scratch, text.at, text.length);
    release(text.at);
  }
  return tool_kill(argc, argv);
}

/* How a name would be run: for `command -v` and `type`. */
static int show_command(const char *name, bool words) {
  const struct builtin_entry *builtin = find_builtin(name);
  const char *path;
  if (find_function(name)) print("%s%s\n", name, words ? " is a shell function" : "");
  else if (builtin) print("%s%s\n", name, words ? " is a shell builtin" : "");
  else if ((path = find_program(name)) != NULL) words ? print("%s is %s\n", name, path) : print("%s\n", path);
  else {
    if (words) complain("%s: not found", name);
    return 127;
  }
  return 0;
}

static int builtin_type(int argc, char **argv) {
  int status = 0;
  for (int i = 1; i < argc; i++) status |= show_command(argv[i], true);
  return status;
}

/* Passes over functions; a program takes a child as always. */
static int builtin_command(int argc, char **argv) {
  if (argc > 1 && (same(argv[1], "-v") || same(argv[1], "-V"))) {
    return argc > 2 ? show_command(argv[2], argv[1][1] == 'V') : 0;
  }
  if (argc == 1) return 0;
  const struct builtin_entry *builtin = find_builtin(argv[1]);
  if (builtin) return builtin->run(argc - 1, argv + 1);
  struct job *job = new_job();
  if (spawn(job, false) == 0) run_external(argv + 1);
  return wait_for(job);
}

static const struct builtin_entry BUILTINS[] = {
    {".", builtin_dot, true},
    {":", builtin_colon, true},
    {"[", tool_test, false},
    {"bg", builtin_bg, false},
    {"break", builtin_break, true},
    {"cd", builtin_cd, false},
    {"command", builtin_command, false},
    {"continue", builtin_continue, true},
    {"echo", tool_echo, false},
    {"eval", builtin_eval, true},
    {"exec", builtin_exec, true},
    {"exit", builtin_exit, true},
    {"export", builtin_export, true},
    {"false", tool_false, false},
    {"fg", builtin_fg, false},
    {"jobs", builtin_jobs, false},
    {"kill", builtin_kill, false},
    {"local", builtin_local, true},
    {"printf", tool_printf, false},
    {"pwd", builtin_pwd, false},
    {"read", builtin_read, false},
    {"readonly", builtin_readonly, true},
    {"return", builtin_return, true},
    {"set", builtin_set, true},
    {"shift", builtin_shift, true},
    {"test", tool_test, false},
    {"trap", builtin_trap, true},
    {"true", tool_true, false},
    {"type", builtin_type, false},
    {"umask", builtin_umask, false},
    {"unset", builtin_unset, true},
    {"wait", builtin_wait, false},
};

const struct builtin_entry *find_builtin(const char *name) {
  for (size_t i = 0; i < sizeof BUILTINS / sizeof *BUILTINS; i++) {
    if (same(BUILTINS[i].name, name)) return &BUILTINS[i];
  }
  return NULL;
}
