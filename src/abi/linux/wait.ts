/**
 * wait(2) status words and the options of wait4(2) and waitid(2). Data only.
 */
export const WNOHANG = 1;
export const WUNTRACED = 2;
export const WSTOPPED = 2;
export const WEXITED = 4;
export const WCONTINUED = 8;
export const WNOWAIT = 0x0100_0000;
export const __WNOTHREAD = 0x2000_0000;
export const __WALL = 0x4000_0000;
/** Kept unsigned. */
export const __WCLONE = 0x8000_0000;

export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3;

/** A status word: exited with a code, ended by a signal, stopped by one, continued. */
export const exitedStatus = (code: number): number => (code & 0xff) << 8;
export const killedStatus = (signal: number): number => signal & 0x7f;
export const stoppedStatus = (signal: number): number => (signal << 8) | 0x7f;
export const CONTINUED_STATUS = 0xffff;
/** The signal that ended it, or 0 if it exited by itself. */
export const endedBy = (status: number): number => status & 0x7f;
export const exitCode = (status: number): number => (status >> 8) & 0xff;
