/**
 * futex(2): operations, flags and the encoding of FUTEX_WAKE_OP. Data.
 *
 * Source: linux/futex.h.
 */
export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX_REQUEUE = 3;
export const FUTEX_CMP_REQUEUE = 4;
export const FUTEX_WAKE_OP = 5;
export const FUTEX_LOCK_PI = 6;
export const FUTEX_UNLOCK_PI = 7;
export const FUTEX_TRYLOCK_PI = 8;
export const FUTEX_WAIT_BITSET = 9;
export const FUTEX_WAKE_BITSET = 10;
export const FUTEX_WAIT_REQUEUE_PI = 11;
export const FUTEX_CMP_REQUEUE_PI = 12;
export const FUTEX_LOCK_PI2 = 13;

export const FUTEX_PRIVATE_FLAG = 128;
export const FUTEX_CLOCK_REALTIME = 256;
export const FUTEX_CMD_MASK: number = ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff;

/** Flags of a word in futex_waitv(2) and its kin: its size and whose it is. */
export const FUTEX2_SIZE_MASK = 3;
export const FUTEX2_SIZE_U32 = 2;
export const FUTEX2_PRIVATE = 128;
export const FUTEX_WAITV_MAX = 128;

/** struct futex_waitv. */
export const FUTEX_WAITV_SIZE = 24;
export const FUTEX_WAITV_VAL = 0;
export const FUTEX_WAITV_UADDR = 8;
export const FUTEX_WAITV_FLAGS = 16;
export const FUTEX_WAITV_RESERVED = 20;

/** What a word holds that is owned (FUTEX_LOCK_PI, robust lists). */
export const FUTEX_WAITERS = 0x8000_0000;
export const FUTEX_OWNER_DIED = 0x4000_0000;
export const FUTEX_TID_MASK = 0x3fff_ffff;

/** What FUTEX_WAKE_OP does to the second word: bits 28-30 of the last argument; bit 31 makes its operand a shift. */
export const FUTEX_OP_SET = 0;
export const FUTEX_OP_ADD = 1;
export const FUTEX_OP_OR = 2;
export const FUTEX_OP_ANDN = 3;
export const FUTEX_OP_XOR = 4;
/** How it compares the old value: bits 24-27. */
export const FUTEX_OP_CMP_EQ = 0;
export const FUTEX_OP_CMP_NE = 1;
export const FUTEX_OP_CMP_LT = 2;
export const FUTEX_OP_CMP_LE = 3;
export const FUTEX_OP_CMP_GT = 4;
export const FUTEX_OP_CMP_GE = 5;
