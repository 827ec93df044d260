/**
 * Inlining: the code of a function in place of a call of it.
 *
 * The link is written as ever and the return compares it, so that a program that returns elsewhere leaves the region there. Control that leaves
 * in between goes on in translations of the function itself, for the registers say all about where it is. The jump of a stub becomes a call.
 */
import { type Block, type Instruction, isDirectCall } from './discover.ts';
import { buildGraph, loopsOf } from './graph.ts';
import { effectsOf } from './registers.ts';
import { redirected } from './split.ts';

/** Copies, and what follows on calls in copies, have such starts from here down. */
const COPIES = -5_000_000;
/** Instructions of a function that is put in place, and by how many a region may grow. */
export const CALLEE_MOST = 48;
const GROWTH_MOST = 400;
/** How deep inlined functions nest. */
const DEPTH_MOST = 3;

/** Blocks of the function at an address, its own first, if it has no more than CALLEE_MOST instructions; else some of them, and more instructions. */
export type DiscoverAt = (pc: number) => readonly Block[];

const sizeOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { code }) => sum + code.length, 0);

const returns = ({ end }: Block): boolean => end.kind === 'stub' || (end.kind === 'indirect' && end.isReturn);

/** True if it returns, and is left by no other way that code names. */
const isWhole = (blocks: readonly Block[]): boolean =>
  blocks.some(returns) && blocks.every(({ end }) => end.kind !== 'indirect' || end.isReturn);

/**
 * True if it has a loop that calls nothing. Such a loop is better translated as what it is: it is a way in, and is unrolled if it is hot;
 * the call costs little.
 */
function hasTightLoop(blocks: readonly Block[]): boolean {
  const graph = buildGraph(blocks);
  return loopsOf(graph).some(({ body }) =>
    [...body].every((b) => !(graph.blocks[b] as Block).code.some((one) => effectsOf(one).isCall)),
  );
}

const isWorthIt = (blocks: readonly Block[]): boolean =>
  sizeOf(blocks) <= CALLEE_MOST && isWhole(blocks) && !hasTightLoop(blocks);

/** A block that returns, in a copy whose call is followed by `back`. */
function returning(block: Block, back: number): Block {
  const { code, end } = block;
  if (end.kind !== 'stub') return { ...block, end: { kind: 'return', back } };
  const jump = code[code.length - 1] as Instruction;
  return {
    ...block,
    code: [...code.slice(0, -1), { ...jump, returnsTo: back }],
    end: { kind: 'fall', next: back },
  };
}

/** @param blocks the root first @returns the same, longer */
export function inlined(blocks: readonly Block[], discoverAt: DiscoverAt): readonly Block[] {
  const out: Block[] = [];
  const starts = new Set(blocks.map(({ start }) => start));
  /** By address, null for functions that are not put in place. */
  const bodies = new Map<number, readonly Block[] | null>();
  let copies = 0;
  let growth = 0;

  const bodyOf = (callee: number): readonly Block[] | null => {
    let body = bodies.get(callee);
    if (body === undefined) {
      const found = discoverAt(callee);
      body = isWorthIt(found) ? found : null;
      bodies.set(callee, body);
    }
    return body;
  };
  /** The first call of a block that is to be replaced. */
  const firstIn = ({ code }: Block): { readonly at: number; readonly body: readonly Block[] } | null => {
    for (const [at, { pc, decoded }] of code.entries()) {
      const body = isDirectCall(decoded) ? bodyOf(pc + decoded.operands.imm) : null;
      if (body !== null && growth + sizeOf(body) <= GROWTH_MOST) return { at, body };
    }
    return null;
  };

  const work = blocks.map((block) => ({ block, depth: 0 }));
  for (let next = 0; next < work.length; next++) {
    const { block, depth } = work[next] as (typeof work)[number];
    const found = depth < DEPTH_MOST ? firstIn(block) : null;
    if (found === null) {
      out.push(block);
      continue;
    }
    const { at, body } = found;
    growth += sizeOf(body);
    const call = block.code[at] as Instruction;
    const callee = call.pc + call.decoded.operands.imm;
    const back = call.pc + call.decoded.length;
    const copyOf = new Map(body.map(({ start }, i) => [start, COPIES - copies - i]));
    copies += body.length;
    const rest = block.code.slice(at + 1);
    let after = back;
    if (rest.length > 0 || block.end.kind !== 'fall' || block.end.next !== back) {
      if (block.start < 0 || starts.has(back)) after = COPIES - copies++;
      starts.add(after);
      work.push({ block: { ...block, start: after, code: rest }, depth });
    } else {
      after = block.redirect?.get(back) ?? back;
    }
    out.push({
      ...block,
      code: [...block.code.slice(0, at), { ...call, isReplaced: true }],
      end: { kind: 'call', to: callee },
      redirect: new Map([[callee, copyOf.get(callee) as number]]),
    });
    for (const one of body) {
      const start = copyOf.get(one.start) as number;
      const copy = returns(one)
        ? { ...returning(one, back), start, redirect: new Map([[back, after]]) }
        : redirected(one, start, copyOf);
      work.push({ block: { ...copy, isInlined: true }, depth: depth + 1 });
    }
  }
  return out;
}
