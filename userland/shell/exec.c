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

int run_tested(struct node *node) {
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
    default: return shell.status = run_compound(node, last);
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
