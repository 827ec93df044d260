/*
 * Walks the tree.
 *
 * `last` means that the process ends after this node, so that a program may take the process over without a fork.
 * `set -e` looks at the commands that have a status of their own: simple ones, pipelines and subshells.
 */
#include "shell.h"

struct function {
  struct function *next;
  const char *name;
  struct node *body;
};

struct shell shell = {.substitution_status = -1};
static struct function *functions;

static struct function *function_record(const char *name) {
  struct function *f = functions;
  while (f && !(f->body && same(f->name, name))) f = f->next;
  return f;
}

struct node *find_function(const char *name) {
  struct function *f = function_record(name);
  return f ? f->body : NULL;
}

void remove_function(const char *name) {
  struct function *f = function_record(name);
  if (f) f->body = NULL;
}

static void define_function(struct node *node) {
  struct function *f = function_record(node->name);
  if (!f) {
    f = allocate(sizeof *f);
    *f = (struct function){functions, node->name, NULL};
    functions = f;
  }
  f->name = node->name;
  f->body = node->left;
}

static void check_status(void) {
  if (shell.status != 0 && shell.exit_on_error && shell.tested == 0 && shell.jump == NO_JUMP) shell_exit(shell.status);
}

static int run_tested(struct node *node) {
  shell.tested++;
  int status = run(node, false);
  shell.tested--;
  return status;
}

static int run_pipeline(struct node *node) {
  struct mark mark = scratch_mark();
  struct job *job = new_job();
  int input = -1;
  job_text(job, node);
  for (struct node *stage = node->left; stage; stage = stage->next) {
    int fds[2] = {-1, -1};
    if (stage->next) {
      int error = sys_pipe(fds, O_CLOEXEC);
      if (error < 0) die("pipe: %s", error_text(error));
    }
    if (spawn(job, false) == 0) {
      if (input >= 0) sys_dup3(input, 0, 0);
      if (fds[1] >= 0) sys_dup3(fds[1], 1, 0);
      if (input >= 0) sys_close(input);
      if (fds[0] >= 0) sys_close(fds[0]);
      if (fds[1] >= 0) sys_close(fds[1]);
      shell_exit(run(stage, true));
    }
    if (input >= 0) sys_close(input);
    if (fds[1] >= 0) sys_close(fds[1]);
    input = fds[0];
  }
  int status = wait_for(job);
  scratch_release(mark);
  return status;
}

static int run_subshell(struct node *node, bool last) {
  if (last && !has_exit_trap()) {
    shell.subshell = true;
    if (!redirect(node->redirects, NULL)) return 1;
    return run(node->left, true);
  }
  struct job *job = new_job();
  job_text(job, node);
  if (spawn(job, false) == 0) {
    if (!redirect(node->redirects, NULL)) shell_exit(1);
    shell_exit(run(node->left, true));
  }
  return wait_for(job);
}

/* False when the loop has to end: by break, return, an interrupt, or continue of an outer loop. */
static bool next_round(void) {
  if (trap_pending) run_traps();
  if (shell.jump == NO_JUMP) return true;
  if (shell.jump != JUMP_BREAK && shell.jump != JUMP_CONTINUE) return false;
  if (--shell.jump_levels > 0) return false;
  bool again = shell.jump == JUMP_CONTINUE;
  shell.jump = NO_JUMP;
  return again;
}

static int run_loop(struct node *node) {
  int status = 0;
  shell.loops++;
  for (;;) {
    bool go = (run_tested(node->left) == 0) == (node->kind == WHILE);
    if (shell.jump != NO_JUMP) {
      if (!next_round()) break;
      continue;
    }
    if (!go) break;
    status = run(node->right, false);
    if (!next_round()) break;
  }
  shell.loops--;
  return status;
}

static int run_for(struct node *node) {
  struct mark mark = scratch_mark();
  int count = shell.argc, status = 0;
  char **values = shell.argv;
  if (node->in) values = expand_words(node->words, &count);
  shell.loops++;
  for (int i = 0; i < count && shell.jump == NO_JUMP; i++) {
    if (!set_variable(node->name, values[i])) break;
    status = run(node->left, false);
    if (!next_round()) break;
  }
  shell.loops--;
  scratch_release(mark);
  return status;
}

static int run_case(struct node *node) {
  struct mark mark = scratch_mark();
  const char *value = expand_single(node->name);
  struct node *body = NULL;
  bool found = false;
  for (struct case_item *item = node->items; item && !found; item = item->next) {
    for (struct word *pattern = item->patterns; pattern && !found; pattern = pattern->next) {
      found = match(expand_pattern(pattern->raw), value);
      if (found) body = item->body;
    }
  }
  int status = shell.jump == NO_JUMP && body ? run(body, false) : 0;
  scratch_release(mark);
  return status;
}

static int run_redirected(struct node *node, bool last) {
  struct saved_fd *saved = NULL;
  int status = 1;
  if (redirect(node->redirects, &saved)) {
    switch (node->kind) {
      case GROUP: status = run(node->left, last && !node->redirects); break;
      case FOR: status = run_for(node); break;
      case CASE: status = run_case(node); break;
      case IF:
        if (run_tested(node->left) == 0) status = shell.jump == NO_JUMP ? run(node->right, false) : shell.status;
        else if (shell.jump == NO_JUMP) status = node->other ? run(node->other, false) : 0;
        else status = shell.status;
        break;
      default: status = run_loop(node);
    }
  }
  flush();
  restore_fds(saved);
  return status;
}

int run_simple(struct node *node, bool last);

int run(struct node *node, bool last) {
  if (!node) return shell.status = 0;
  if (trap_pending) run_traps();
  if (interrupted && shell.interactive) {
    shell.jump = JUMP_TOP;
    return shell.status = 130;
  }
  int status = 0;
  switch (node->kind) {
    case SIMPLE: status = run_simple(node, last); break;
    case PIPELINE:
      if (node->negate) shell.tested++;
      status = node->left->next ? run_pipeline(node) : run(node->left, false);
      if (node->negate) shell.tested--;
      if (node->negate) return shell.status = !status;
      break;
    case AND:
    case OR:
      status = run_tested(node->left);
      if (shell.jump == NO_JUMP && (status == 0) == (node->kind == AND)) status = run(node->right, last);
      return shell.status = status;
    case SEQUENCE:
      status = run(node->left, false);
      if (shell.jump == NO_JUMP) status = run(node->right, last);
      return shell.status = status;
    case BACKGROUND: {
      struct job *job = new_job();
      int pid = spawn(job, true);
      if (pid == 0) shell_exit(run(node->left, true));
      background_job(job, pid, node->left);
      return shell.status = 0;
    }
    case SUBSHELL: status = run_subshell(node, last); break;
    case FUNCTION: define_function(node); return shell.status = 0;
    default: return shell.status = run_redirected(node, last);
  }
  if (shell.jump != JUMP_TOP) shell.status = status;
  check_status();
  return shell.status;
}

void shell_exit(int status) {
  shell.status = status;
  run_exit_trap();
  leave(shell.status & 255);
}

void describe(const struct node *node, struct text *to) {
  if (!node) return;
  static const char *const SHOWN[] = {[SUBSHELL] = "( ... )", [GROUP] = "{ ... }",     [IF] = "if ...",
                                      [WHILE] = "while ...",  [UNTIL] = "until ...", [FOR] = "for ...",
                                      [CASE] = "case ...",    [FUNCTION] = "function", [BACKGROUND] = "... &"};
  if (node->kind == SIMPLE) {
    for (int list = 0; list < 2; list++) {
      for (struct word *word = list ? node->words : node->assigns; word; word = word->next) {
        if (to->length > 0 && to->at[to->length - 1] != ' ') text_char(to, ' ');
        text_add(to, word->raw, strlen(word->raw));
      }
    }
  } else if (node->kind == PIPELINE) {
    for (struct node *stage = node->left; stage; stage = stage->next) {
      if (stage != node->left) text_add(to, " | ", 3);
      describe(stage, to);
    }
  } else if (node->kind == AND || node->kind == OR || node->kind == SEQUENCE) {
    describe(node->left, to);
    text_add(to, node->kind == AND ? " && " : node->kind == OR ? " || " : " ; ", node->kind == SEQUENCE ? 3 : 4);
    describe(node->right, to);
  } else {
    text_add(to, SHOWN[node->kind], strlen(SHOWN[node->kind]));
  }
}
