/*
 * What programs of the ABI tests print: calls with their results, and what accesses to memory found.
 *
 * An access that faults gives -(100 * signal + si_code), once `on_fault` is the handler of its signal.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static sigjmp_buf before;
static volatile int fault;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault = 100 * signal + info->si_code;
  siglongjmp(before, 1);
}
static int get(volatile char *at) {
  if (sigsetjmp(before, 1)) return -fault;
  return *at & 255;
}
static int put(volatile char *at, int value) {
  if (sigsetjmp(before, 1)) return -fault;
  *at = value;
  return 0;
}

/* Print a call with -1 and errno, 0, or "some" for any other result; or an expression with its value. */
#define CALL(expression)                                                                        \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s: ", #expression);                                                                \
    if (result_ == -1) printf("%s\n", strerrorname_np(errno));                                  \
    else printf("%s\n", result_ == 0 ? "0" : "some");                                           \
  } while (0)
#define SHOW(expression) printf("%s = %ld\n", #expression, (long)(expression))
