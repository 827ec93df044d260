/*
 * echo, true, false, kill, sleep, pwd, uname, env, nice, basename, dirname.
 */
#include "toolbox.h"

int tool_true(int argc, char **argv) {
  (void)argc, (void)argv;
  return 0;
}

int tool_false(int argc, char **argv) {
  (void)argc, (void)argv;
  return 1;
}

/* -n only; a backslash is a backslash (use printf). */
int tool_echo(int argc, char **argv) {
  int first = argc > 1 && same(argv[1], "-n") ? 2 : 1;
  for (int i = first; i < argc; i++) {
    if (i > first) print_bytes(" ", 1);
    print_bytes(argv[i], strlen(argv[i]));
  }
  if (first == 1) print_bytes("\n", 1);
  return 0;
}

/* kill [-SIGNAL | -s SIGNAL] PID...   kill -l [NUMBER] */
int tool_kill(int argc, char **argv) {
  int signal = SIGTERM, i = 1, status = 0;
  if (argc > 1 && same(argv[1], "-l")) {
    if (argc > 2) {
      long number;
      if (!parse_number(argv[2], &number)) return 1;
      const char *name = signal_name((int)(number > 128 ? number - 128 : number));
      if (name) print("%s\n", name);
      return name ? 0 : 1;
    }
    for (int n = 1; signal_name(n); n++) print("%2d %s\n", n, signal_name(n));
    return 0;
  }
  if (argc > 2 && same(argv[1], "-s")) {
    signal = signal_number(argv[2]);
    i = 3;
  } else if (argc > 2 && argv[1][0] == '-' && !same(argv[1], "--")) {
    signal = signal_number(argv[1] + 1);
    i = 2;
  }
  if (i < argc && same(argv[i], "--")) i++;
  if (signal < 0 || i >= argc) {
    complain(signal < 0 ? "kill: unknown signal" : "usage: kill [-SIGNAL] PID...");
    return 2;
  }
  for (; i < argc; i++) {
    long pid;
    int error = parse_number(argv[i], &pid) ? sys_kill((int)pid, signal) : -EINVAL;
    if (error < 0) {
      complain("kill: %s: %s", argv[i], error_text(error));
      status = 1;
    }
  }
  return status;
}

int tool_sleep(int argc, char **argv) {
  int64_t total = 0;
  for (int i = 1; i < argc; i++) {
    int64_t part;
    if (!parse_seconds(argv[i], &part)) die("%s: not a number of seconds", argv[i]);
    total += part;
  }
  if (argc < 2) die("usage: sleep SECONDS...");
  sleep_nanoseconds(total);
  return 0;
}

int tool_pwd(int argc, char **argv) {
  (void)argc, (void)argv;
  char folder[4096];
  long error = sys_getcwd(folder, sizeof folder);
  if (error < 0) die("%s", error_text(error));
  print("%s\n", folder);
  return 0;
}

int tool_uname(int argc, char **argv) {
  struct options options;
  if (!parse_options(argc, argv, "asnrvm", "", &options)) return 1;
  struct utsname name;
  SYSCALL(SYS_uname, &name);
  const struct {
    char letter;
    const char *text;
  } parts[] = {{'s', name.system}, {'n', name.node}, {'r', name.release}, {'v', name.version}, {'m', name.machine}};
  bool any = false, chosen = argc > 1;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!options.on['a'] && !options.on[(int)parts[i].letter] && (chosen || i > 0)) continue;
    print("%s%s", any ? " " : "", parts[i].text);
    any = true;
  }
  print("\n");
  return 0;
}

/* Executes argv, found in PATH; comes back only with the status of a failure, after a complaint. */
static int run_command(char **argv, char **block) {
  const char *path = variable("PATH");
  int error = -ENOENT;
  if (!path || strchr(argv[0], '/')) {
    error = sys_execve(argv[0], argv, block);
  } else {
    for (const char *end; error == -ENOENT && *path; path = *end ? end + 1 : end) {
      for (end = path; *end && *end != ':';) end++;
      char folder[4096] = {0};
      memcpy(folder, path, (size_t)(end - path) < sizeof folder ? (size_t)(end - path) : 0);
      error = sys_execve(join_path(folder, argv[0]), argv, block);
    }
  }
  complain("%s: %s", argv[0], error_text(error));
  return error == -ENOENT ? 127 : 126;
}

/* env [-i] [NAME=VALUE...] [COMMAND...] */
int tool_env(int argc, char **argv) {
  int i = 1;
  size_t inherited = 0, count = 0;
  while (environment[inherited]) inherited++;
  char **block = allocate((inherited + (size_t)argc + 1) * sizeof *block);
  if (argc > 1 && same(argv[1], "-i")) i = 2;
  else for (; count < inherited; count++) block[count] = environment[count];
  for (; i < argc && strchr(argv[i], '='); i++) {
    size_t name = (size_t)(strchr(argv[i], '=') - argv[i]) + 1, at = 0;
    while (at < count && strncmp(block[at], argv[i], name) != 0) at++;
    block[at] = argv[i];
    if (at == count) count++;
  }
  block[count] = NULL;
  if (i == argc) {
    for (char **entry = block; *entry; entry++) print("%s\n", *entry);
    return 0;
  }
  return run_command(argv + i, block);
}

/* nice [-n STEP] COMMAND...   without a command: the present value */
int tool_nice(int argc, char **argv) {
  struct options options;
  long step = 10;
  if (!parse_options(argc, argv, "", "n", &options)) return 125;
  bool minus = options.on['n'] && *options.value['n'] == '-';
  if (options.on['n'] && !parse_number(options.value['n'] + minus, &step)) die("%s: not a number", options.value['n']);
  /* The raw call answers 20 - nice, so that no answer looks like an error. */
  long present = 20 - SYSCALL(SYS_getpriority, 0, 0);
  if (options.first == argc) {
    print("%ld\n", present);
    return 0;
  }
  long error = SYSCALL(SYS_setpriority, 0, 0, present + (minus ? -step : step));
  if (error < 0) complain("cannot set niceness: %s", error_text(error));
  return run_command(argv + options.first, environment);
}

int tool_basename(int argc, char **argv) {
  if (argc < 2) die("usage: basename PATH [SUFFIX]");
  size_t length = strlen(argv[1]);
  while (length > 1 && argv[1][length - 1] == '/') argv[1][--length] = 0;
  const char *name = base_name(argv[1]);
  length = strlen(name);
  size_t suffix = argc > 2 ? strlen(argv[2]) : 0;
  if (suffix < length && suffix > 0 && same(name + length - suffix, argv[2])) length -= suffix;
  print("%.*s\n", (int)length, name);
  return 0;
}

int tool_dirname(int argc, char **argv) {
  if (argc != 2) die("usage: dirname PATH");
  size_t length = strlen(argv[1]);
  while (length > 1 && argv[1][length - 1] == '/') length--;
  while (length > 0 && argv[1][length - 1] != '/') length--;
  while (length > 1 && argv[1][length - 1] == '/') length--;
  if (length == 0) print(".\n");
  else print("%.*s\n", (int)length, argv[1]);
  return 0;
}
