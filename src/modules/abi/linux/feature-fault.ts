/**
 * Feature faults: a call needs an optional interface that the module in place lacks.
 *
 * To a kernel this is what a page fault is to memory: where policy allows, a module that has the interface comes in, and the
 * call is done again from the start. Where it does not, the call gets the errno that Linux would give. The ticket is kept
 * as progress, negated, so that a handler can tell it from its own.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { type Kernel, type Need, WAIT } from '../../../contracts/kernel.ts';
import type { SlotName } from '../../../contracts/module.ts';

/** A call found that the module of a slot lacks an interface. @returns WAIT, or `otherwise` if no better one comes in */
export function featureFault(
  kernel: Kernel,
  tid: number,
  slot: SlotName,
  name: string,
  otherwise: number,
): number {
  const need = { slot, interface: name, version: null };
  return !kernel.modules.meets(need) && demand(kernel, tid, need, false) === WAIT ? WAIT : otherwise;
}

/**
 * @param authorised the caller may replace modules; others have what the policy of the boot allows
 * @returns 0 once the need is met, WAIT, or -errno: of the replacement, or as `kernel.modules.demand` says
 */
export function demand(kernel: Kernel, tid: number, need: Need, authorised: boolean): number {
  const kept = -(kernel.waits.progress(tid)[0] ?? 0);
  if (kept > 0) {
    const outcome = kernel.modules.outcome(kept);
    if (outcome === null) return awaitTicket(kernel, kept);
    // EINVAL: it succeeded, or its outcome was taken when the call ran before.
    if (outcome !== 0 && outcome !== -EINVAL) return outcome;
  }
  if (kernel.modules.meets(need)) return 0;
  const ticket = kernel.modules.demand(need, authorised);
  return ticket <= 0 ? ticket : awaitTicket(kernel, ticket);
}

function awaitTicket(kernel: Kernel, ticket: number): number {
  kernel.waits.on(kernel.modules.event(ticket));
  kernel.waits.keep([-ticket]);
  kernel.waits.restart('disk');
  return WAIT;
}
