/*
 * signals: goes through the corners of signal delivery and prints one line for each.
 *
 * The output is the same on every correct system: no times, no process ids.
 */
#include "../runtime/runtime.h"

static volatile int seen[SIGNALS], depth, deepest, order[8], order_length;
static char alternate_stack[32 * 1024];
static volatile bool on_alternate;
static volatile double bystander = 1.5;

static uint64_t bit(int signal) { return 1UL << (signal - 1); }
static const char *yes(bool value) { return value ? "yes" : "no"; }

static void on(int signal, void (*handler)(int), uint64_t flags, uint64_t mask) {
  int error = sys_sigaction(signal, handler, flags, mask);
  if (error < 0) die("sigaction: %s", error_text(error));
}

static void count(int signal) {
  seen[signal]++;
  bystander = bystander * 0.0 - 7.0; /* handlers may use floating point; the interrupted code's registers survive */
}

static void nested(int signal) {
  depth++;
  if (depth > deepest) deepest = depth;
  if (order_length < 8) order[order_length++] = signal;
  if (signal == SIGUSR1) sys_kill(sys_getpid(), SIGUSR2);
  if (order_length < 8) order[order_length++] = -signal;
  depth--;
}

static void where(int signal) {
  char here;
  on_alternate = &here >= alternate_stack && &here < alternate_stack + sizeof alternate_stack;
  count(signal);
}

/* A child that sends a signal to its parent after a while, then a byte into a pipe after another while. */
static int sender(int signal, int pipe_end) {
  int parent = sys_getpid();
  int child = sys_fork();
  if (child != 0) return child;
  sleep_nanoseconds(30000000);
  sys_kill(parent, signal);
  sleep_nanoseconds(30000000);
  sys_write(pipe_end, "x", 1);
  sys_exit(0);
}

static void join(int child) {
  int status;
  while (sys_wait4(child, &status, 0) == -EINTR) continue;
}

static long interrupted_read(uint64_t flags) {
  int fds[2];
  char byte;
  sys_pipe(fds, 0);
  on(SIGUSR1, count, flags, 0);
  int child = sender(SIGUSR1, fds[1]);
  long result = sys_read(fds[0], &byte, 1);
  join(child);
  sys_close(fds[0]);
  sys_close(fds[1]);
  return result;
}

int main(void) {
  int me = sys_getpid();

  double before = 2.25;
  __asm__ volatile("" : "+f"(before));
  on(SIGUSR1, count, 0, 0);
  sys_kill(me, SIGUSR1);
  __asm__ volatile("" : "+f"(before));
  print("handler ran %d time, registers kept %s\n", seen[SIGUSR1], yes(before == 2.25));

  on(SIGUSR1, nested, 0, 0);
  on(SIGUSR2, nested, 0, 0);
  sys_kill(me, SIGUSR1);
  print("nested depth %d order", deepest);
  for (int i = 0; i < order_length; i++) print(" %s%s", order[i] < 0 ? "-" : "+", signal_name(order[i] < 0 ? -order[i] : order[i]));
  deepest = order_length = 0;
  on(SIGUSR1, nested, 0, bit(SIGUSR2));
  sys_kill(me, SIGUSR1);
  print("\nmasked depth %d order", deepest);
  for (int i = 0; i < order_length; i++) print(" %s%s", order[i] < 0 ? "-" : "+", signal_name(order[i] < 0 ? -order[i] : order[i]));
  print("\n");

  seen[SIGUSR1] = 0;
  on(SIGUSR1, count, 0, 0);
  uint64_t block = bit(SIGUSR1), old, pending = 0;
  sys_sigprocmask(SIG_BLOCK, &block, &old);
  sys_kill(me, SIGUSR1);
  sys_kill(me, SIGUSR1);
  SYSCALL(SYS_rt_sigpending, &pending, sizeof pending);
  print("blocked: ran %d, pending %s", seen[SIGUSR1], yes(pending & block));
  long result = sys_sigsuspend(old & ~block);
  print("; sigsuspend %s, ran %d", error_name(result), seen[SIGUSR1]);
  sys_sigprocmask(SIG_SETMASK, &old, NULL);
  print(", after unblocking %d\n", seen[SIGUSR1]);

  struct sigstack stack = {alternate_stack, 0, sizeof alternate_stack};
  SYSCALL(SYS_sigaltstack, &stack, 0);
  on(SIGUSR2, where, SA_ONSTACK, 0);
  sys_kill(me, SIGUSR2);
  bool with = on_alternate;
  on(SIGUSR2, where, 0, 0);
  sys_kill(me, SIGUSR2);
  print("alternate stack: with SA_ONSTACK %s, without %s\n", yes(with), yes(on_alternate));

  result = interrupted_read(0);
  print("read without SA_RESTART: %s\n", result < 0 ? error_name(result) : "a byte");
  result = interrupted_read(SA_RESTART);
  print("read with SA_RESTART: %s\n", result < 0 ? error_name(result) : "a byte");

  on(SIGUSR1, SIG_IGN, 0, 0);
  seen[SIGUSR1] = 0;
  sys_kill(me, SIGUSR1);
  print("ignored: ran %d\n", seen[SIGUSR1]);

  int child = sys_fork();
  if (child == 0) {
    on(SIGSEGV, SIG_DFL, 0, 0);
    volatile int *nowhere = (volatile int *)8;
    __asm__ volatile("" : "+r"(nowhere)); /* or the compiler would warn, rightly */
    *nowhere = 1;
    sys_exit(0);
  }
  int status = 0;
  sys_wait4(child, &status, 0);
  print("a wild store ends a child by SIG%s\n", (status & 127) ? signal_name(status & 127) : "nothing");
  return 0;
}
