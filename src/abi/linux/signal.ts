/**
 * Linux signals of riscv64: numbers, codes, action flags and the layouts that user memory sees. Data only.
 *
 * Source: signal(7), sigaction(2); asm-generic/signal.h, asm-generic/siginfo.h, asm/ucontext.h, asm/sigcontext.h.
 */
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
/** First and last real-time signal as the kernel counts them. */
export const SIGRTMIN = 32;
export const NSIG = 64;

/** Name of each signal, for traces. */
export const SIGNAL_NAMES: readonly string[] = [
  '0',
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
];

export const SIG_DFL = 0;
export const SIG_IGN = 1;

export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_SIGINFO = 4;
export const SA_ONSTACK = 0x0800_0000;
export const SA_RESTART = 0x1000_0000;
export const SA_NODEFER = 0x4000_0000;
/** Kept unsigned, as sigaction's flags are. */
export const SA_RESETHAND = 0x8000_0000;

export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** siginfo_t.si_code: who sent it. */
export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TIMER = -2;
export const SI_MESGQ = -3;
export const SI_TKILL = -6;
/** Of signal-driven I/O. */
export const POLL_IN = 1;
export const POLL_OUT = 2;
export const POLL_ERR = 4;
export const POLL_PRI = 5;
export const POLL_HUP = 6;
export const ILL_ILLOPC = 1;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2;
export const TRAP_BRKPT = 1;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

/** What a signal does by default (signal(7), "Standard signals"); `core` ends like `term`. */
export type DefaultAction = 'term' | 'core' | 'stop' | 'ignore' | 'continue';
export function defaultAction(signal: number): DefaultAction {
  switch (signal) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return 'ignore';
    case SIGCONT:
      return 'continue';
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return 'stop';
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return 'core';
    default:
      return 'term';
  }
}

/** Bits of a signal in the two halves of a set: signals 1-32 and 33-64. */
export const lowBit = (signal: number): number => (signal <= 32 ? 1 << (signal - 1) : 0);
export const highBit = (signal: number): number => (signal > 32 ? 1 << (signal - 33) : 0);
/** SIGKILL and SIGSTOP, which nothing blocks. */
export const UNBLOCKABLE: number = lowBit(SIGKILL) | lowBit(SIGSTOP);
export const STOP_SIGNALS: number = lowBit(SIGSTOP) | lowBit(SIGTSTP) | lowBit(SIGTTIN) | lowBit(SIGTTOU);
/** Faults of the instruction that runs: taken before all others. */
export const SYNCHRONOUS: number =
  lowBit(SIGSEGV) | lowBit(SIGBUS) | lowBit(SIGILL) | lowBit(SIGTRAP) | lowBit(SIGFPE) | lowBit(SIGSYS);

/** struct sigaction: no sa_restorer on riscv. */
export const SIGACTION_SIZE = 24;
export const SIGACTION_HANDLER = 0;
export const SIGACTION_FLAGS = 8;
export const SIGACTION_MASK = 16;
export const SIGSET_SIZE = 8;

/** siginfo_t: 128 bytes, the union at 16. */
export const SIGINFO_SIZE = 128;
export const SIGINFO_SIGNO = 0;
export const SIGINFO_ERRNO = 4;
export const SIGINFO_CODE = 8;
/** si_pid, si_uid, si_status (SIGCHLD) or si_value at 24 (queued); si_addr at 16 (faults). */
export const SIGINFO_PID = 16;
export const SIGINFO_UID = 20;
export const SIGINFO_STATUS = 24;
export const SIGINFO_VALUE = 24;
export const SIGINFO_BAND = 16;
export const SIGINFO_FD = 24;
export const SIGINFO_ADDRESS = 16;

/** stack_t of sigaltstack(2). */
export const STACK_SIZE = 24;
export const STACK_SP = 0;
export const STACK_FLAGS = 8;
export const STACK_LENGTH = 16;
export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
export const SS_AUTODISARM = 0x8000_0000;
export const MINSIGSTKSZ = 2048;

/** struct rt_sigframe: siginfo_t, then struct ucontext. Offsets from the frame's start, which is sp in the handler. */
export const FRAME_INFO = 0;
export const FRAME_UCONTEXT: number = SIGINFO_SIZE;
export const UC_FLAGS = 0;
export const UC_LINK = 8;
export const UC_STACK = 16;
export const UC_SIGMASK = 40;
/** The mask's reserve of 1024 bits and padding lie between. mcontext is aligned to 16. */
export const UC_MCONTEXT = 176;
/** pc, then x1..x31: 32 words of 8 bytes. */
export const MC_GREGS = 0;
/** f0..f31, then fcsr; a union with the quad state of 528 bytes. */
export const MC_FPREGS = 256;
export const MC_FCSR = 512;
/** struct __riscv_ctx_hdr at the end of the union: both words zero = no extension. */
export const MC_EXTENSION = 776;
export const MC_SIZE = 784;
export const FRAME_SIZE: number = FRAME_UCONTEXT + UC_MCONTEXT + MC_SIZE;
