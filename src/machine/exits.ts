/**
 * Why a hart stops: what the engines of every kind report.
 */

/** Causes: RISC-V scause codes where one exists (Privileged spec, table of mcause/scause). */
export const EXIT_FETCH_MISALIGNED = 0;
export const EXIT_ILLEGAL = 2;
export const EXIT_BREAKPOINT = 3;
export const EXIT_LOAD_MISALIGNED = 4;
export const EXIT_STORE_MISALIGNED = 6;
export const EXIT_ECALL = 8;
export const EXIT_FETCH_FAULT = 12;
export const EXIT_LOAD_FAULT = 13;
export const EXIT_STORE_FAULT = 15;
/** The budget expired at a check point. */
export const EXIT_BUDGET = 64;
