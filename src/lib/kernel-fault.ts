/**
 * KernelFault: a bug of the kernel or of a module, never the guest's doing.
 */

/** Thrown where an invariant is broken. During probation it undoes the entry; else it ends the run with its message. */
export class KernelFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KernelFault';
  }
}
