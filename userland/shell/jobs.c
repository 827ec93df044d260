/*
 * Processes of the shell: who is running, who has stopped, and which group has the terminal.
 *
 * With job control every pipeline is a process group of its own. Both the child and the shell set it, since either may be
 * the first to need it.
 */
#include "jobs.h"

struct job *jobs;
static int terminal = -1, own_group;

void take_terminal(int group) {
  if (terminal >= 0) sys_ioctl(terminal, TIOCSPGRP, &group);
}

void jobs_start(void) {
  terminal = (int)sys_fcntl(0, F_DUPFD_CLOEXEC, 10);
  own_group = sys_getpgid(0);
  /* Started in the background: stop until somebody brings this group to the front. Once, so as not to spin if nobody can. */
  int front = own_group;
  if (sys_ioctl(terminal, TIOCGPGRP, &front) == 0 && front > 0 && front != own_group) sys_kill(-own_group, SIGTTIN);
  traps_start();
  if (own_group != shell.pid && sys_setpgid(0, 0) == 0) own_group = shell.pid;
  take_terminal(own_group);
}

struct job *new_job(void) {
  struct job *job = allocate(sizeof *job);
  memset(job, 0, sizeof *job);
  job->next = jobs;
  job->number = 1;
  for (struct job *other = jobs; other; other = other->next) {
    if (other->number >= job->number) job->number = other->number + 1;
  }
  return jobs = job;
}

void forget_job(struct job *job) {
  struct job **at = &jobs;
  while (*at != job) at = &(*at)->next;
  *at = job->next;
  release(job->text);
  release(job);
}

void job_text(struct job *job, const struct node *node) {
  if (!shell.job_control) return;
  struct text text = {0};
  text_add(&text, "", 0);
  describe(node, &text);
  job->text = text.at;
}

int spawn(struct job *job, bool background) {
  flush();
  int pid = sys_fork();
  if (pid < 0) die("fork: %s", error_text(pid));
  if (pid > 0) {
    if (job && job->count < PROCESSES) {
      if (job->count == 0) job->group = pid;
      if (shell.job_control) sys_setpgid(pid, job->group);
      job->states[job->count] = 'R';
      job->pids[job->count++] = pid;
    }
    return pid;
  }
  if (job && shell.job_control) {
    int group = job->count ? job->group : sys_getpid();
    sys_setpgid(0, group);
    /* SIGTTOU is still ignored here, so the terminal can be taken from the background. */
    if (!background) take_terminal(group);
  }
  traps_in_child(background && !shell.job_control);
  if (background && !shell.job_control) {
    int null = sys_open("/dev/null", O_RDONLY, 0);
    if (null > 0) {
      sys_dup3(null, 0, 0);
      sys_close(null);
    }
  }
  jobs = NULL;
  shell.interactive = shell.job_control = false;
  shell.subshell = true;
  return 0;
}

int exit_status(int status) {
  if ((status & 0xff) == 0x7f) return 128 + (status >> 8 & 255);
  return status & 127 ? 128 + (status & 127) : status >> 8 & 255;
}

char state_of(const struct job *job) {
  char state = 'D';
  for (int i = 0; i < job->count; i++) {
    if (job->states[i] == 'R') return 'R';
    if (job->states[i] == 'S') state = 'S';
  }
  return state;
}

static void record(int pid, int status) {
  for (struct job *job = jobs; job; job = job->next) {
    for (int i = 0; i < job->count; i++) {
      if (job->pids[i] != pid || job->states[i] == 'D') continue;
      job->statuses[i] = status;
      job->states[i] = (status & 0xff) == 0x7f ? 'S' : status == 0xffff ? 'R' : 'D';
      job->reported = false;
      return;
    }
  }
}

int collect(int options) {
  int status;
  int pid = sys_wait4(-1, &status, options | (shell.job_control ? WUNTRACED | WCONTINUED : 0));
  if (pid > 0) record(pid, status);
  return pid;
}

int last_status(const struct job *job) { return job->count ? job->statuses[job->count - 1] : 0; }

static void show(const struct job *job) {
  char state = state_of(job);
  int status = last_status(job);
  print("[%d] %c ", job->number, job == jobs ? '+' : ' ');
  if (state == 'R') print("%-12s", "Running");
  else if (state == 'S') print("%-12s", "Stopped");
  else if (status & 127) print("SIG%-9s", signal_name(status & 127));
  else if (status) print("Done(%d)%*s", status >> 8 & 255, (status >> 8) > 99 ? 3 : (status >> 8) > 9 ? 4 : 5, "");
  else print("%-12s", "Done");
  print("%s\n", job->text ? job->text : "");
  flush();
}

int wait_for(struct job *job) {
  while (state_of(job) == 'R') {
    int pid = collect(0);
    if (pid < 0 && pid != -EINTR) break;
  }
  if (shell.job_control) take_terminal(own_group);
  int status = exit_status(last_status(job));
  if (state_of(job) == 'S') {
    job->background = true;
    job->reported = true;
    write_all(2, "\n", 1);
    show(job);
    return status;
  }
  if (shell.interactive && status > 128) {
    int signal = last_status(job) & 127;
    if (signal == SIGINT) {
      write_all(2, "\n", 1);
      shell.jump = JUMP_TOP; /* ^C ends the whole line, loops included */
      shell.status = status;
    } else if (signal && signal != SIGPIPE) {
      complain("ended by SIG%s", signal_name(signal));
    }
  }
  forget_job(job);
  return status;
}

void background_job(struct job *job, int pid, const struct node *node) {
  job->background = true;
  job_text(job, node);
  shell.last_background = pid;
  if (shell.interactive) {
    print("[%d] %d\n", job->number, pid);
    flush();
  }
}

/* Before a prompt: what has changed; with `all`, everything. */
void report_jobs(bool all) {
  while (collect(WNOHANG) > 0) continue;
  for (struct job *job = jobs, *next; job; job = next) {
    next = job->next;
    bool done = state_of(job) == 'D';
    if (all || ((done || state_of(job) == 'S') && !job->reported)) show(job);
    job->reported = true;
    if (done) forget_job(job);
  }
}
