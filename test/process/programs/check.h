/* Prints one line for each claim that does not hold; a program that prints nothing passed. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(claim)                                                  \
  do {                                                                \
    if (!(claim)) printf("%s:%d: %s\n", __FILE__, __LINE__, #claim); \
    fflush(stdout);                                                   \
  } while (0)

static inline void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, 0);
}
