/*
 * What programs may rely on where processes, memory and files meet. Each line is one fact; Linux's are the expected ones.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))
#define RESULT(call) (errno = 0, (long)(call))

static const char *err(void) { return errno == 0 ? "ok" : strerrorname_np(errno); }
static sigjmp_buf back;
static volatile int seen, code;
static volatile long at;

static void jump(int signal, siginfo_t *info, void *context) {
  (void)context;
  seen = signal; code = info->si_code; at = (long)info->si_addr;
  siglongjmp(back, 1);
}
static void note(int signal) { seen = signal; }
static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}
static void catch(int signal, int flags) {
  struct sigaction action = {.sa_sigaction = jump, .sa_flags = SA_SIGINFO | flags};
  sigaction(signal, &action, NULL);
}
static int reap(pid_t pid) { int status; waitpid(pid, &status, 0); return status; }

static void faults(void) {
  catch(SIGSEGV, SA_ONSTACK); catch(SIGBUS, 0); catch(SIGILL, 0); catch(SIGTRAP, 0); catch(SIGFPE, 0);
  if (!sigsetjmp(back, 1)) *(volatile int *)8 = 1;
  SAY("null: %d %d %ld\n", seen, code, at);
  char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!sigsetjmp(back, 1)) page[5] = 1;
  SAY("read-only: %d %d %ld\n", seen, code, at - (long)page);
  if (!sigsetjmp(back, 1)) ((void (*)(void))page)();
  SAY("no code: %d %d %d\n", seen, code, at == (long)page);
  int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
  ftruncate(file, 2 * PAGE);
  char *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  map[PAGE] = 'x';
  if (!sigsetjmp(back, 1)) map[2 * PAGE] = 1;
  SAY("beyond the end: %d %d %ld\n", seen, code, at - (long)map);
  ftruncate(file, 100);
  seen = 0;
  if (!sigsetjmp(back, 1)) SAY("gone: %d\n", map[PAGE]);
  SAY("cut off: %d %d %ld\n", seen, code, at - (long)map);
  map[50] = 'a'; map[200] = 'b';
  ftruncate(file, PAGE);
  char bytes[2];
  pread(file, bytes, 1, 50); pread(file, bytes + 1, 1, 200);
  SAY("shared store: %c %d\n", bytes[0], bytes[1]);
  SAY("into the hole: %ld %s\n", RESULT(read(open("/dev/zero", O_RDONLY), map + PAGE, 10)), err());
  SAY("partly: %ld %s\n", RESULT(pread(open("/dev/zero", O_RDONLY), map + PAGE - 3, 10, 0)), err());
  char *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  map[0] = 'S';
  SAY("private sees %c", other[0]);
  other[0] = 'P'; map[1] = 'T';
  SAY(" %c%c, shared %c\n", other[0], other[1] ? other[1] : '-', map[0]);
  if (!sigsetjmp(back, 1)) __asm__ volatile(".word 0xffffffff");
  SAY("illegal: %d %d\n", seen, code);
  if (!sigsetjmp(back, 1)) __asm__ volatile("ebreak");
  SAY("ebreak: %d %d\n", seen, code);
  volatile int zero = 0;
  SAY("1 / 0 = %d\n", 1 / zero);
}

static int deep(int n) { volatile char room[4000]; room[0] = n; return n == 0 ? 0 : deep(n - 1) + room[0]; }
static void overflow(void) {
  struct rlimit limit = {1 << 20, RLIM_INFINITY};
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  pid_t pid = fork();
  if (pid == 0) {
    setrlimit(RLIMIT_STACK, &limit);
    sigaltstack(&stack, NULL);
    seen = 0;
    if (!sigsetjmp(back, 1)) deep(1000000);
    SAY("overflow: %d %d\n", seen, code);
    if (!sigsetjmp(back, 1)) deep(1000000);
    SAY("again: %d\n", seen);
    signal(SIGSEGV, SIG_DFL);
    deep(1000000);
  }
  SAY("then killed by %d\n", WTERMSIG(reap(pid)));
}

static double sum; 
static void floats(int signal) {
  (void)signal;
  volatile double a = 3, b = 7;
  sum += a / b;
  fesetround(FE_UPWARD); feraiseexcept(FE_OVERFLOW);
}
static void fpu(void) {
  handle(SIGUSR1, floats, 0);
  register double kept = 1.25;
  __asm__ volatile("" : "+f"(kept));
  fesetround(FE_DOWNWARD); feclearexcept(FE_ALL_EXCEPT);
  raise(SIGUSR1);
  __asm__ volatile("" : "+f"(kept));
  SAY("fpu after a signal: %g %d %d\n", kept, fegetround() == FE_DOWNWARD, fetestexcept(FE_ALL_EXCEPT));
  feraiseexcept(FE_INEXACT);
  pid_t pid = fork();
  if (pid == 0) _exit(fegetround() == FE_DOWNWARD && fetestexcept(FE_INEXACT) && kept == 1.25 ? 0 : 1);
  SAY("fpu after fork: %d\n", WEXITSTATUS(reap(pid)));
  fesetround(FE_TONEAREST);
}

static void statuses(void) {
  char *argv[] = {"x", NULL};
  pid_t pid;
  if ((pid = fork()) == 0) _exit(0x1ff);
  SAY("exit: %x\n", reap(pid));
  if ((pid = fork()) == 0) { struct rlimit none = {0, 0}; setrlimit(RLIMIT_CORE, &none); abort(); }
  SAY("abort: %x\n", reap(pid));
  if ((pid = fork()) == 0) { raise(SIGSTOP); _exit(3); }
  int status;
  SAY("stop: %d", waitpid(pid, &status, WUNTRACED) == pid); SAY(" %x\n", status);
  kill(pid, SIGCONT);
  SAY("continue: %d", waitpid(pid, &status, WCONTINUED) == pid); SAY(" %x\n", status);
  siginfo_t info;
  SAY("waitid: %d", waitid(P_PID, pid, &info, WEXITED | WNOWAIT)); SAY(" %d %d\n", info.si_code, info.si_status);
  SAY("then: %x\n", reap(pid));
  SAY("none: %ld %s\n", RESULT(wait(NULL)), err());
  volatile int shared = 1;
  if ((pid = vfork()) == 0) { shared = 2; execv("/nonexistent", argv); shared = errno; _exit(9); }
  SAY("vfork: %x %d\n", reap(pid), shared);
  SAY("exec: %ld %s\n", RESULT(execv("/", argv)), err());
  int file = open("script", O_RDWR | O_CREAT, 0700);
  write(file, "#!/nonexistent\n", 15);
  close(file);
  SAY("exec: %ld %s\n", RESULT(execv("script", argv)), err());
  file = open("junk", O_RDWR | O_CREAT, 0700); write(file, "\177ELFjunk", 8); close(file);
  SAY("exec: %ld %s\n", RESULT(execv("junk", argv)), err());
  file = open("plain", O_RDWR | O_CREAT, 0600); close(file);
  SAY("exec: %ld %s\n", RESULT(execv("plain", argv)), err());
}

static void *second(void *argument) {
  pid_t pid = fork();
  if (pid == 0) _exit(getpid() == gettid() ? 5 : 6);
  *(int *)argument = WEXITSTATUS(reap(pid));
  return argument;
}
static void *sleeper(void *argument) { pause(); return argument; }
static void *breaker(void *argument) { *(volatile int *)8 = 0; return argument; }
static void threads(void) {
  pthread_t thread;
  int result = 0;
  pthread_create(&thread, NULL, second, &result);
  pthread_join(thread, NULL);
  SAY("fork in a thread: %d\n", result);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_create(&thread, NULL, sleeper, NULL);
    pthread_create(&thread, NULL, sleeper, NULL);
    usleep(1000);
    exit(7);
  }
  SAY("exit with threads: %d\n", WEXITSTATUS(reap(pid)));
  if ((pid = fork()) == 0) {
    signal(SIGSEGV, SIG_DFL);
    pthread_create(&thread, NULL, breaker, NULL);
    pause();
  }
  SAY("a thread's fault: %d\n", WTERMSIG(reap(pid)));
}

static void times(void) {
  struct timespec want = {10, 500000000}, left = {0, 0};
  struct itimerval timer = {.it_value = {0, 50000}}, old;
  handle(SIGALRM, note, SA_RESTART);
  setitimer(ITIMER_REAL, &timer, NULL);
  SAY("nanosleep: %ld %s", RESULT(nanosleep(&want, &left)), err());
  SAY(" %d\n", left.tv_sec == 10 && left.tv_nsec > 300000000);
  setitimer(ITIMER_REAL, &timer, NULL);
  SAY("clock_nanosleep: %s\n", strerrorname_np(clock_nanosleep(CLOCK_MONOTONIC, 0, &want, &left)));
  SAY("alarm: %d", alarm(100)); SAY(" %d", alarm(0)); SAY(" %d\n", alarm(0));
  timer.it_value.tv_sec = 5;
  setitimer(ITIMER_REAL, &timer, NULL);
  timer.it_value.tv_sec = timer.it_value.tv_usec = 0;
  setitimer(ITIMER_REAL, &timer, &old);
  SAY("old timer: %d\n", old.it_value.tv_sec >= 4);
  struct itimerval cpu = {.it_value = {0, 20000}};
  handle(SIGVTALRM, note, 0);
  seen = 0;
  setitimer(ITIMER_VIRTUAL, &cpu, NULL);
  while (!seen) {}
  SAY("virtual: %d\n", seen);
  int pipes[2];
  char byte;
  pipe(pipes);
  timer.it_value.tv_usec = 30000;
  handle(SIGALRM, note, 0);
  setitimer(ITIMER_REAL, &timer, NULL);
  SAY("read: %ld %s\n", RESULT(read(pipes[0], &byte, 1)), err());
  struct pollfd set[3] = {{pipes[0], POLLIN, 0}, {pipes[1], POLLOUT, 0}, {-1, POLLIN, 0}};
  SAY("poll: %ld %x %x\n", RESULT(poll(set, 3, -1)), set[0].revents, set[1].revents);
  SAY("time-out: %ld\n", RESULT(poll(set, 1, 20)));
  close(pipes[1]);
  set[1].fd = 999;
  SAY("hung up: %ld %x %x\n", RESULT(poll(set, 2, 0)), set[0].revents, set[1].revents);
  fd_set read_set; FD_ZERO(&read_set); FD_SET(pipes[0], &read_set);
  SAY("select: %ld\n", RESULT(select(pipes[0] + 1, &read_set, NULL, NULL, NULL)));
  pipe(pipes); close(pipes[0]);
  handle(SIGPIPE, note, 0);
  seen = 0;
  SAY("write: %ld %s", RESULT(write(pipes[1], "x", 1)), err()); SAY(" %d\n", seen);
}

static void files(void) {
  char text[32] = {0};
  int a = open("log", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600), b = open("log", O_RDWR);
  write(a, "one", 3); write(b, "TWO!", 4); write(a, "three", 5); pwrite(a, "+", 1, 0);
  SAY("append: %ld", RESULT(lseek(a, 0, SEEK_CUR))); pread(b, text, 31, 0); SAY(" %s\n", text);
  a = open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);
  pwrite(a, "x", 1, 1 << 20);
  struct stat info; fstat(a, &info);
  SAY("sparse: %ld %d", (long)info.st_size, info.st_blocks < 100);
  SAY(" %ld %s\n", RESULT(lseek(a, 2 << 20, SEEK_DATA)), err());
  SAY("lseek: %ld %s\n", RESULT(lseek(a, -1, SEEK_SET)), err());
  mkdir("many", 0700);
  for (int i = 0; i < 500; i++) { sprintf(text, "many/%d", i); close(open(text, O_CREAT | O_WRONLY, 0600)); }
  DIR *directory = opendir("many");
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (entry->d_name[0] != '.') { count++; unlinkat(dirfd(directory), entry->d_name, 0); }
  SAY("deleted while listing: %d", count); SAY(" %ld %s\n", RESULT(rmdir("many")), err());
  rewinddir(directory);
  SAY("a dead folder lists %d\n", readdir(directory) != NULL);
  SAY("and takes: %ld %s\n", RESULT(openat(dirfd(directory), "x", O_CREAT | O_WRONLY, 0600)), err());
  a = open("deleted", O_RDWR | O_CREAT, 0600); unlink("deleted"); write(a, "still", 5); fstat(a, &info);
  SAY("deleted: %ld links %ld\n", (long)info.st_size, (long)info.st_nlink);
  close(open("r1", O_CREAT | O_WRONLY, 0600)); link("r1", "r2");
  SAY("rename onto a link: %ld %s", RESULT(rename("r1", "r2")), err()); SAY(" %ld\n", RESULT(access("r1", F_OK)));
  mkdir("d1", 0700); mkdir("d1/d2", 0700); mkdir("d3", 0700);
  SAY("rename: %ld %s\n", RESULT(rename("d1", "d1/d2/d3")), err());
  SAY("rename: %ld %s\n", RESULT(rename("d3", "d1")), err());
  SAY("rename: %ld %s\n", RESULT(rename("d3", "r2")), err());
  SAY("rename: %ld %s\n", RESULT(rename("r2", "d3")), err());
  SAY("rename: %ld %s\n", RESULT(rename("d1/d2", "d3")), err());
  SAY("rename: %ld %s\n", RESULT(rename("d3/.", "d4")), err());
  SAY("slash: %ld %s\n", RESULT(open("r2/", O_RDONLY)), err());
  SAY("slash: %ld %s\n", RESULT(open("new/", O_CREAT | O_WRONLY, 0600)), err());
  SAY("slash: %ld %s\n", RESULT(mkdir("new/", 0700)), err());
  SAY("exclusive: %ld %s\n", RESULT(open("r2", O_CREAT | O_EXCL, 0600)), err());
  SAY("directory: %ld %s\n", RESULT(open("new", O_WRONLY)), err());
  SAY("directory: %ld %s\n", RESULT(open("r2", O_DIRECTORY)), err());
  SAY("unlink: %ld %s\n", RESULT(unlink("new")), err());
  SAY("nofollow: %ld %ld %s\n", RESULT(symlink("r2", "sym")), RESULT(open("sym", O_NOFOLLOW)), err());
  SAY("dangling: %ld %ld", RESULT(symlink("made", "dangle")), RESULT(open("dangle", O_CREAT | O_WRONLY, 0600) > 0));
  SAY(" %ld\n", RESULT(access("made", F_OK)));
  memset(text, 'n', 31);
  char name[300]; memset(name, 'n', 299); name[299] = 0;
  SAY("long: %ld %s\n", RESULT(open(name, O_CREAT | O_WRONLY, 0600)), err());
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
  a = open("r2", O_RDWR);
  fcntl(a, F_SETLK, &lock);
  pid_t pid = fork();
  if (pid == 0) {
    lock.l_start = 15;
    SAY("locked: %ld %s\n", RESULT(fcntl(a, F_SETLK, &lock)), err());
    lock.l_start = 0; lock.l_len = 0;
    fcntl(a, F_GETLK, &lock);
    SAY("by its parent: %d from %ld for %ld\n", lock.l_pid == getppid(), (long)lock.l_start, (long)lock.l_len);
    _exit(0);
  }
  reap(pid);
  close(open("r2", O_RDONLY));
  if ((pid = fork()) == 0) { SAY("lost at any close: %ld\n", RESULT(fcntl(a, F_SETLK, &lock))); _exit(0); }
  reap(pid);
  flock(a, LOCK_EX); b = open("r2", O_RDONLY);
  SAY("flock: %ld %s\n", RESULT(flock(b, LOCK_SH | LOCK_NB)), err());
  close(a);
  SAY("flock: %ld\n", RESULT(flock(b, LOCK_SH | LOCK_NB)));
  signal(SIGXFSZ, note);
  struct rlimit limit = {1000, RLIM_INFINITY}, was;
  getrlimit(RLIMIT_FSIZE, &was); setrlimit(RLIMIT_FSIZE, &limit);
  a = open("limited", O_RDWR | O_CREAT, 0600);
  SAY("at the limit: %ld", RESULT(pwrite(a, name, 200, 900))); SAY(" %ld %s %d\n", RESULT(pwrite(a, name, 200, 1000)), err(), seen == SIGXFSZ);
  limit.rlim_cur = 5; limit.rlim_max = 1024;
  setrlimit(RLIMIT_NOFILE, &limit);
  while ((b = dup(1)) >= 0) {}
  SAY("descriptors: %s\n", err());
}

static void memory(void) {
  char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(map, 'm', 4 * PAGE);
  SAY("hole: %ld", RESULT(munmap(map + PAGE, PAGE)));
  SAY(" %ld %s", RESULT(msync(map, 4 * PAGE, MS_ASYNC)), err());
  SAY(" %ld %s\n", RESULT(mprotect(map, 4 * PAGE, PROT_READ)), err());
  SAY("noreplace: %ld %s\n", RESULT(mmap(map, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)), err());
  SAY("mremap: %ld %s\n", RESULT(mremap(map + 2 * PAGE, 2 * PAGE, 64 * PAGE, 0)) == -1, err());
  char *moved = mremap(map + 2 * PAGE, 2 * PAGE, 640 * PAGE, MREMAP_MAYMOVE);
  SAY("moved: %c %d\n", moved[PAGE], moved[100 * PAGE]);
  char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t pid = fork();
  if (pid == 0) { strcpy(shared, "from the child"); moved[0] = 'c'; _exit(0); }
  reap(pid);
  SAY("shared: %s, private: %c\n", shared, moved[0]);
  madvise(moved, PAGE, MADV_DONTNEED);
  SAY("dropped: %d\n", moved[0]);
  SAY("zero length: %ld %s\n", RESULT(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), err());
  SAY("no descriptor: %ld %s\n", RESULT(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0)), err());
  int file = open("ro", O_CREAT | O_RDONLY, 0600);
  SAY("shared, read-only: %ld %s\n", RESULT(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)), err());
  void *end = sbrk(0);
  SAY("brk: %d %d\n", sbrk(10 * PAGE) == end, brk(end));
  struct iovec parts[2] = {{"ab", 2}, {"cd\n", 3}};
  SAY("writev: %ld\n", RESULT(writev(1, parts, 2)));
  SAY("bad buffer: %ld %s\n", RESULT(write(1, (void *)8, 3)), err());
  SAY("no stores: %ld %s\n", RESULT(read(open("/dev/zero", O_RDONLY), map, 3)), err());
}

int main(void) {
  faults(); overflow(); fpu(); statuses(); threads(); times(); memory(); files();
  return 0;
}
