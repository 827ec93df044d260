/*
 * Signals to the shell: handlers only note them, and the commands of `trap` run between two commands.
 */
#include "shell.h"

volatile bool trap_pending, interrupted;
static volatile bool pending[SIGNALS];
static char *commands[SIGNALS]; /* "" means ignored; 0 is EXIT */

static void note(int signal) {
  if (signal == SIGINT && !commands[SIGINT]) {
    interrupted = true;
    return;
  }
  pending[signal] = true;
  trap_pending = true;
}

static void act(int signal, void (*handler)(int)) {
  /* No SA_RESTART: `wait` and `read` have to notice. */
  sys_sigaction(signal, handler, 0, 0);
}

static const int OWN[] = {SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

void traps_start(void) {
  act(SIGINT, note);
  for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) act(OWN[i], SIG_IGN);
}

/* A child starts with the signals as they were before the shell; what is ignored on purpose stays ignored. */
void traps_in_child(bool background) {
  for (int signal = 0; signal < SIGNALS; signal++) {
    if (!commands[signal] || !*commands[signal]) continue;
    if (signal) act(signal, SIG_DFL);
    commands[signal] = NULL;
    pending[signal] = false;
  }
  /* A ^C that came while this process was being made was meant for it. */
  const bool missed = interrupted && !background && shell.interactive && !commands[SIGINT];
  trap_pending = interrupted = false;
  if (shell.interactive) {
    if (!commands[SIGINT]) act(SIGINT, SIG_DFL);
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) {
      if (!commands[OWN[i]]) act(OWN[i], SIG_DFL);
    }
  }
  if (background) {
    act(SIGINT, SIG_IGN);
    act(SIGQUIT, SIG_IGN);
  }
  if (missed) sys_kill(sys_getpid(), SIGINT);
}

int first_pending_signal(void) {
  for (int signal = 1; signal < SIGNALS; signal++) {
    if (pending[signal]) return signal;
  }
  return 0;
}

/* Also on the way out of a loop: what was going on goes on afterwards, unless the command jumps itself. */
static void run_command(const char *command) {
  int status = shell.status;
  enum jump jump = shell.jump;
  shell.jump = NO_JUMP;
  char *copy = copy_string(command); /* the command may change the trap */
  run_text(copy, false);
  release(copy);
  if (shell.jump != NO_JUMP) return;
  shell.status = status;
  shell.jump = jump;
}

void run_traps(void) {
  for (int signal; (signal = first_pending_signal()) != 0;) {
    pending[signal] = false;
    trap_pending = first_pending_signal() != 0;
    if (commands[signal] && *commands[signal]) run_command(commands[signal]);
  }
  trap_pending = false;
}

bool has_exit_trap(void) { return commands[0] != NULL; }

void run_exit_trap(void) {
  char *command = commands[0];
  commands[0] = NULL;
  if (!command) return;
  run_command(command);
}

int builtin_trap(int argc, char **argv) {
  if (argc > 1 && same(argv[1], "--")) {
    argc--;
    argv++;
  }
  if (argc == 1) {
    for (int signal = 0; signal < SIGNALS; signal++) {
      if (commands[signal]) print("trap -- '%s' %s\n", commands[signal], signal_name(signal));
    }
    return 0;
  }
  long number;
  /* A number first, or a lone name, resets: `trap 2`, `trap INT`, `trap - INT`. */
  bool reset = same(argv[1], "-") || parse_number(argv[1], &number) || (argc == 2 && signal_number(argv[1]) >= 0);
  for (int i = reset && !same(argv[1], "-") ? 1 : 2; i < argc; i++) {
    int signal = signal_number(argv[i]);
    if (signal < 0 || !signal_name(signal)) {
      complain("trap: %s: bad trap", argv[i]);
      return 1;
    }
    release(commands[signal]);
    commands[signal] = reset ? NULL : copy_string(argv[1]);
    if (signal == 0) continue;
    if (reset && shell.interactive && signal == SIGINT) act(signal, note);
    else act(signal, reset ? SIG_DFL : *argv[1] ? note : SIG_IGN);
  }
  return 0;
}
