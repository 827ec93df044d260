/* One wrong access, named by argv[1], in this process. Prints nothing; the signal is the answer. With a second argument
 * the signal is caught, and its number, code and address are printed. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void caught(int signal, siginfo_t *info, void *context) {
  char line[80];
  int length = snprintf(line, sizeof line, "%d %d %lx\n", signal, info->si_code, (unsigned long)info->si_addr);
  write(1, line, length);
  _exit(0);
}

static unsigned char *page(int prot) {
  unsigned char *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(at, 4096, prot);
  return at;
}

/* Run 32 bits as code. */
static void execute(uint32_t word) {
  uint32_t *code = (uint32_t *)mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  code[0] = word;
  code[1] = 0x00008067; /* ret */
  __asm__ volatile("fence.i" ::: "memory");
  ((void (*)(void))code)();
}

static void jump(uint64_t to) { __asm__ volatile("jalr %0" ::"r"(to) : "ra", "memory"); }
static void load(uint64_t at) { (void)*(volatile uint64_t *)at; }
static void store(uint64_t at) { *(volatile uint64_t *)at = 1; }

int main(int argc, char **argv) {
  const char *what = argv[1];
  if (argc > 2) {
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, 0);
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (int s = 1; s < 32; s++) sigaction(s, &action, 0);
  }
#define CASE(name) else if (strcmp(what, name) == 0)
  if (0) {}
  CASE("load-null") load(0);
  CASE("store-null") store(0);
  CASE("jump-null") jump(0);
  CASE("load-unmapped") load(0x7000000);
  CASE("store-unmapped") store(0x7000000);
  CASE("load-none") load((uint64_t)page(PROT_NONE));
  CASE("store-readonly") store((uint64_t)page(PROT_READ));
  CASE("store-text") store((uint64_t)main & ~7ull);
  CASE("load-limit") load(1ull << 38);
  CASE("store-limit") store(1ull << 38);
  CASE("jump-limit") jump(1ull << 38);
  CASE("load-below-limit") load((1ull << 38) - 4);
  CASE("load-4g") load(0x100000000ull);
  CASE("load-kernel") load(0xffffffc000000000ull);
  CASE("store-kernel") store(0xffffffc000000000ull);
  CASE("jump-kernel") jump(0xffffffc000000000ull);
  CASE("load-top") load(0xfffffffffffffff8ull);
  CASE("load-wraps") load(0xfffffffffffffffcull);
  CASE("load-noncanonical") load(0x8000000000000000ull);
  CASE("jump-unmapped") jump(0x7000000);
  CASE("jump-data") jump((uint64_t)page(PROT_READ | PROT_WRITE));
  CASE("jump-end") { unsigned char *at = mmap(0, 8192, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); munmap(at + 4096, 4096);
    *(uint32_t *)(at + 4092) = 0x00000013; jump((uint64_t)at + 4092); }
  CASE("jump-half") { unsigned char *at = mmap(0, 8192, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); munmap(at + 4096, 4096);
    *(uint16_t *)(at + 4094) = 0x0013; jump((uint64_t)at + 4094); }
  CASE("illegal-zero") execute(0);
  CASE("illegal-ones") execute(0xffffffff);
  CASE("illegal-opcode") execute(0x0000007b);
  CASE("illegal-csr") execute(0x30002073);
  CASE("illegal-sret") execute(0x10200073);
  CASE("illegal-mret") execute(0x30200073);
  CASE("illegal-wfi") execute(0x10500073);
  CASE("illegal-sfence") execute(0x12000073);
  CASE("illegal-shift") execute(0x0200101b | 1 << 25);
  CASE("illegal-fp-fmt") execute(0x06000053);
  CASE("illegal-rm") execute(0x00005053);
  CASE("illegal-vector") execute(0x02000057);
  CASE("breakpoint") execute(0x00100073);
  CASE("lr-misaligned") { uint64_t word[2]; __asm__ volatile("lr.d t0, (%0)" ::"r"((char *)word + 4) : "t0", "memory"); }
  CASE("sc-misaligned") { uint64_t word[2]; __asm__ volatile("sc.d t0, zero, (%0)" ::"r"((char *)word + 4) : "t0", "memory"); }
  CASE("amo-misaligned") { uint64_t word[2]; __asm__ volatile("amoadd.d t0, zero, (%0)" ::"r"((char *)word + 4) : "t0", "memory"); }
  CASE("amo-readonly") __asm__ volatile("amoadd.w t0, zero, (%0)" ::"r"(page(PROT_READ)) : "t0", "memory");
  CASE("amo-unmapped") __asm__ volatile("amoadd.w t0, zero, (%0)" ::"r"(0x7000000) : "t0", "memory");
  CASE("lr-unmapped") __asm__ volatile("lr.w t0, (%0)" ::"r"(0x7000000) : "t0", "memory");
  CASE("sc-readonly") { uint32_t *at = (uint32_t *)page(PROT_READ); __asm__ volatile("lr.w t1, (%0)\n sc.w t0, zero, (%0)" ::"r"(at) : "t0", "t1", "memory"); }
  CASE("float-unmapped") __asm__ volatile("fld ft0, 0(%0)" ::"r"(0x7000000) : "memory");
  CASE("float-readonly") __asm__ volatile("fsd ft0, 0(%0)" ::"r"(page(PROT_READ)) : "memory");
  CASE("across") { unsigned char *at = mmap(0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); munmap(at + 4096, 4096); store((uint64_t)at + 4092); }
  CASE("bad-sp") __asm__ volatile("li sp, 8\n sd zero, 0(sp)" ::: "memory");
  CASE("past-file") { FILE *f = tmpfile(); fputs("x", f); fflush(f); char *at = mmap(0, 16384, 1, MAP_SHARED, fileno(f), 0); load((uint64_t)at + 8192); }
  CASE("divide") { volatile long zero = 0, one = 1; if (one / zero != -1 || one % zero != 1) return 3; return 0; }
  CASE("abort") abort();
  CASE("recursion") { volatile char frame[256]; struct link { struct link *up; } ; int deep(int n) { volatile char b[1024]; b[0] = n; return deep(n + 1) + b[0]; } return deep(0); }
  else return 99;
  return 98;
}
