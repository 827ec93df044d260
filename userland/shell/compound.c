/*
 * Loops, case, if and groups.
 */
#include "shell.h"

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
  int count, status = 0;
  /* Without a list it is "$@", as copies: the body may set other parameters. */
  struct word all = {NULL, "\"$@\""};
  char **values = expand_words(node->in ? node->words : &all, &count);
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

int run_compound(struct node *node, bool last) {
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
