/*
 * The first instructions of every program.
 *
 * The kernel enters with sp at argc, argv, envp and the auxiliary vector, and all other registers unspecified. The global
 * pointer has to be set before any C runs, without relaxation, because relaxation would address it through itself.
 */
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    mv a0, sp
    li fp, 0
    li ra, 0
    andi sp, sp, -16
    tail runtime_start
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
