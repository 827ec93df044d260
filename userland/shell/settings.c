/*
 * Builtins that change what the shell knows: variables, options, parameters, the umask.
 */
#include "shell.h"

/* export and readonly: NAME or NAME=value; `-p` or nothing prints. */
static int declare(int argc, char **argv, bool export) {
  if (argc == 1 || same(argv[1], "-p")) {
    print_variables(export);
    return 0;
  }
  for (int i = 1; i < argc; i++) {
    char *equals = strchr(argv[i], '=');
    size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
    if (!is_name(argv[i], length)) {
      complain("%s: %s: bad variable name", argv[0], argv[i]);
      return 2;
    }
    char *name = arena_copy(&scratch, argv[i], length);
    if (equals && !set_variable(name, equals + 1)) return 2;
    mark_variable(name, export, !export);
  }
  return 0;
}

int builtin_export(int argc, char **argv) { return declare(argc, argv, true); }
int builtin_readonly(int argc, char **argv) { return declare(argc, argv, false); }

int builtin_local(int argc, char **argv) {
  if (!shell.functions) {
    complain("local: not in a function");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    char *equals = strchr(argv[i], '=');
    char *name = arena_copy(&scratch, argv[i], equals ? (size_t)(equals - argv[i]) : strlen(argv[i]));
    make_local(name);
    if (equals) set_variable(name, equals + 1);
  }
  return 0;
}

int builtin_unset(int argc, char **argv) {
  bool function = argc > 1 && same(argv[1], "-f");
  for (int i = 1; i < argc; i++) {
    if (same(argv[i], "-v") || same(argv[i], "-f")) continue;
    if (function) remove_function(argv[i]);
    else unset_variable(argv[i]);
  }
  return 0;
}

static bool set_option(char letter, bool on) {
  switch (letter) {
    case 'e': shell.exit_on_error = on; return true;
    case 'x': shell.trace = on; return true;
    case 'u': shell.no_unset = on; return true;
    case 'f': shell.no_glob = on; return true;
    case 'm': return true;
    default: return false;
  }
}

static char option_letter(const char *name) {
  return same(name, "errexit") ? 'e' : same(name, "xtrace") ? 'x' : same(name, "nounset") ? 'u' : same(name, "noglob") ? 'f' : 0;
}

void set_parameters(int count, char **values) {
  size_t size = ((size_t)count + 1) * sizeof *values;
  for (int i = 0; i < count; i++) size += strlen(values[i]) + 1;
  char **block = allocate(size), *at = (char *)(block + count + 1);
  for (int i = 0; i < count; i++) {
    size_t length = strlen(values[i]) + 1;
    block[i] = memcpy(at, values[i], length);
    at += length;
  }
  block[count] = NULL;
  release(shell.parameters);
  shell.parameters = block;
  shell.argc = count;
  shell.argv = block;
}

/* Takes options off the front and returns how many arguments they were; -1 for a bad one. */
int set_options(int argc, char **argv) {
  int i = 1;
  for (; i < argc && (*argv[i] == '-' || *argv[i] == '+') && argv[i][1]; i++) {
    bool on = *argv[i] == '-';
    if (same(argv[i], "--")) break;
    for (const char *letter = argv[i] + 1; *letter; letter++) {
      char option = *letter;
      if (option == 'o' && i + 1 < argc) option = option_letter(argv[++i]);
      if (set_option(option, on)) continue;
      complain("bad option: %s", argv[i]);
      return -1;
    }
  }
  return i;
}

int builtin_set(int argc, char **argv) {
  if (argc == 1) {
    print_variables(false);
    return 0;
  }
  int first = set_options(argc, argv);
  if (first < 0) return 2;
  bool replace = first < argc;
  if (replace && same(argv[first], "--")) first++;
  if (replace) set_parameters(argc - first, argv + first);
  return 0;
}

int builtin_shift(int argc, char **argv) {
  long count = 1;
  if ((argc > 1 && !parse_number(argv[1], &count)) || count < 0 || count > shell.argc) {
    complain("shift: can't shift that many");
    return 2;
  }
  shell.argc -= (int)count;
  shell.argv += count;
  return 0;
}

int builtin_umask(int argc, char **argv) {
  long mask;
  if (argc > 1) {
    if (!parse_octal(argv[1], &mask)) {
      complain("umask: %s: not an octal number", argv[1]);
      return 2;
    }
    SYSCALL(SYS_umask, mask);
    return 0;
  }
  mask = SYSCALL(SYS_umask, 077);
  SYSCALL(SYS_umask, mask);
  print("%04o\n", (unsigned)mask);
  return 0;
}
