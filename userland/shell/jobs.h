/*
 * Processes of the shell as jobs.c keeps them; for jobs.c and job-control.c only.
 */
#pragma once
#include "shell.h"

enum { PROCESSES = 32 };

struct job {
  struct job *next;
  int number, group, count;
  int pids[PROCESSES], statuses[PROCESSES];
  char states[PROCESSES]; /* R running, S stopped, D done */
  bool background, reported;
  char *text;
};

extern struct job *jobs; /* newest first */
void take_terminal(int group);
void forget_job(struct job *job);
char state_of(const struct job *job);
int last_status(const struct job *job);
int collect(int options); /* one change of a child, or a negative errno; 0 if WNOHANG found none */
