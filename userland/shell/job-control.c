/*
 * jobs, fg, bg, wait: what a user does with jobs.
 */
#include "jobs.h"

/* "%2", "%%", "%+", nothing: the newest; or a process id. */
static struct job *find_job(const char *id) {
  long number = 0;
  bool newest = !id || same(id, "%%") || same(id, "%+") || same(id, "%");
  if (!newest && !parse_number(id + (*id == '%'), &number)) return NULL;
  for (struct job *job = jobs; job; job = job->next) {
    if (newest && job->background) return job;
    if (!newest && *id == '%' && job->number == number) return job;
    for (int i = 0; !newest && *id != '%' && i < job->count; i++) {
      if (job->pids[i] == number) return job;
    }
  }
  return NULL;
}

int job_group(const char *id) {
  struct job *job = find_job(id);
  if (!job) return -1;
  return job->group;
}

int builtin_jobs(int argc, char **argv) {
  (void)argc, (void)argv;
  report_jobs(true);
  return 0;
}

static int go_on(const char *id, bool foreground) {
  struct job *job = find_job(id);
  if (!job || !shell.job_control) {
    complain("%s", job ? "no job control" : "no such job");
    return 1;
  }
  print("%s%s\n", job->text ? job->text : "", foreground ? "" : " &");
  flush();
  for (int i = 0; i < job->count; i++) {
    if (job->states[i] == 'S') job->states[i] = 'R';
  }
  if (foreground) take_terminal(job->group);
  sys_kill(-job->group, SIGCONT);
  return foreground ? wait_for(job) : 0;
}

int builtin_fg(int argc, char **argv) { return go_on(argc > 1 ? argv[1] : NULL, true); }
int builtin_bg(int argc, char **argv) { return go_on(argc > 1 ? argv[1] : NULL, false); }

/* Waits until the job is not running; a trapped signal ends the wait with its number. */
static int wait_job(struct job *job) {
  while (state_of(job) == 'R') {
    int pid = collect(0);
    if (trap_pending) return 128 + first_pending_signal();
    if (interrupted) return 130;
    if (pid < 0 && pid != -EINTR) break;
  }
  int status = exit_status(last_status(job));
  if (state_of(job) == 'D') forget_job(job);
  return status;
}

int builtin_wait(int argc, char **argv) {
  int status = 0;
  if (argc == 1) {
    for (struct job *job = jobs; job;) {
      if (state_of(job) == 'S') {
        job = job->next;
        continue;
      }
      status = wait_job(job);
      if (trap_pending || interrupted) return status;
      job = jobs;
    }
    return 0;
  }
  for (int i = 1; i < argc; i++) {
    struct job *job = find_job(argv[i]);
    status = job ? wait_job(job) : 127;
  }
  return status;
}
