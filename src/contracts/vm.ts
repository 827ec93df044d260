/**
 * Contract `vm`: address spaces, machine-independent: what is mapped where, and what a page fault means.
 *
 * Policy here: when pages are allocated, shared and copied. Mechanism, fixed: pmap maps a page, frames counts
 * references (one for each mapping of a frame in a pmap), pagecache has the pages of files. Source: mmap(2), brk(2),
 * mprotect(2), mremap(2), fork(2).
 */
import type { Contract, StateLayout } from './contract.ts';
import { array, int, map, record, type Schema, set, uint16s } from './schema.ts';

/** Bits of Vma.flags. */
export const VMA_SHARED = 1;
export const VMA_GROWSDOWN = 2;
export const VMA_STACK = 4;
export const VMA_HEAP = 8;
/** Never given to a guest that asks: the vDSO and the like. */
export const VMA_SPECIAL = 16;
export const VMA_NORESERVE = 32;
/** madvise(2): a fork leaves it out, or gives the child fresh zeros. */
export const VMA_DONTFORK = 64;
export const VMA_WIPEONFORK = 128;
/** mlock(2): stays in memory. */
export const VMA_LOCKED = 256;
/** Does not become one with a neighbour, because areas are counted (shmctl(2), shm_nattch). */
export const VMA_COUNTED = 512;

/** One virtual memory area; [start, end) in bytes, page aligned. */
export interface Vma {
  start: number;
  end: number;
  /** PROT_ bits now. */
  prot: number;
  /** PROT_ bits that mprotect may reach: a shared mapping of a file opened read-only may not become writable. */
  maxProt: number;
  flags: number;
  /** Inode id of the file or of the shared anonymous object; 0 for private anonymous memory. */
  inode: number;
  /** Byte offset into the inode that `start` maps. */
  offset: number;
}

export interface Space {
  id: number;
  /** Processes that share it (CLONE_VM). */
  users: number;
  /** Sorted by start, disjoint; neighbours that could be one are one. `offset` is 0 where `inode` is. */
  vmas: Vma[];
  brkStart: number;
  brk: number;
  /** Mappings without a given address go below this. */
  mmapTop: number;
  /** Pages mapped, for RSS. */
  resident: number;
  /** Pages of all areas; the most there ever were, and the most resident. */
  size: number;
  peakSize: number;
  peakResident: number;
  /** Private pages that lie outside memory: page number (address / 4096) to slot. None of them is mapped. */
  evicted: Map<number, number>;
  /** VMA_ bits that every new area gets (mlockall(2), MCL_FUTURE). */
  future: number;
  /** MEMBARRIER_CMD_ bits of what its processes registered for. */
  barriers: number;
}

/**
 * Pages of memory on the disk named SWAP_DISK. A slot is 4096 bytes of it. The mechanism is every module's, so that any can
 * read back what another has put out; when something goes out is policy.
 * Invariants: `counts` says how many entries of `evicted` name each slot; `used` is the number of slots with a count;
 * `slotOf` and `frameOf` are each other's inverse.
 */
export interface Swap {
  /** Grown by doubling; what lies beyond is 0. */
  counts: Uint16Array;
  used: number;
  /** Where the search for a free slot goes on, so that neighbours go out to neighbouring slots. */
  next: number;
  /** A frame that several mappings share and some of them have given up: in its slot too. One reference of it is held. */
  slotOf: Map<number, number>;
  frameOf: Map<number, number>;
  /** Where the clock's hand stands: address space and address. */
  handSpace: number;
  handAddress: number;
  /** Writes to the disk failed: not before this time, in ns, are they tried again; and how often that failed since one did not. */
  retryAt: number;
  refusals: number;
  /** Woken when room was made; 0 until one is needed. */
  event: number;
}

export interface VmState {
  spaces: Map<number, Space>;
  nextSpace: number;
  /** Next number for shared anonymous memory's inode ids (sb 0). */
  nextAnonymous: number;
  /** References to each shared anonymous object, by vmas and by who holds it. */
  anonymous: Map<number, number>;
  /** Its size in pages; behind them is SIGBUS. */
  objectPages: Map<number, number>;
  /** Those that are held for somebody, mapped or not. */
  held: Set<number>;
  swap: Swap;
}

/** The disk of this name takes pages that do not fit into memory. */
export const SWAP_DISK = 'swap';

/** What version 2 added to an address space. */
const NEW_IN_SPACE = { evicted: 0, future: 0, barriers: 0, size: 0, peakSize: 0, peakResident: 0 } as const;
/** Version 1 had no pages outside memory, no locks and no objects that are held. */
type SpaceBefore = Omit<Space, keyof typeof NEW_IN_SPACE>;
type VmStateBefore = Omit<VmState, 'spaces' | 'swap' | 'objectPages' | 'held'> & {
  spaces: Map<number, SpaceBefore>;
};

const blankVma = (): Vma => ({ start: 0, end: 0, prot: 0, maxProt: 0, flags: 0, inode: 0, offset: 0 });
const blankSpaceBefore = (): SpaceBefore => ({
  id: 0,
  users: 0,
  vmas: [],
  brkStart: 0,
  brk: 0,
  mmapTop: 0,
  resident: 0,
});
const blankSpace = (): Space => ({
  ...blankSpaceBefore(),
  size: 0,
  peakSize: 0,
  peakResident: 0,
  evicted: new Map(),
  future: 0,
  barriers: 0,
});

const PAGE = 4096;
const sizeOf = ({ vmas }: Pick<Space, 'vmas'>): number =>
  vmas.reduce((pages, { start, end }) => pages + (end - start) / PAGE, 0);
const blankSwap = (): Swap => ({
  counts: new Uint16Array(0),
  used: 0,
  next: 0,
  slotOf: new Map(),
  frameOf: new Map(),
  handSpace: 0,
  handAddress: 0,
  retryAt: 0,
  refusals: 0,
  event: 0,
});
const blankBefore = (): VmStateBefore => ({
  spaces: new Map(),
  nextSpace: 1,
  nextAnonymous: 1,
  anonymous: new Map(),
});
const blank = (): VmState => ({
  ...blankBefore(),
  spaces: new Map(),
  objectPages: new Map(),
  held: new Set(),
  swap: blankSwap(),
});

const vmaSchema: Schema<Vma> = record<Vma>(
  { start: int(), end: int(), prot: int(), maxProt: int(), flags: int(), inode: int(), offset: int() },
  blankVma,
);

const spaceFields = {
  id: int(),
  users: int(),
  vmas: array(vmaSchema),
  brkStart: int(),
  brk: int(),
  mmapTop: int(),
  resident: int(),
};
const stateFields = { nextSpace: int(), nextAnonymous: int(), anonymous: map(int(), int()) };

const before: Schema<VmStateBefore> = record<VmStateBefore>(
  { spaces: map(int(), record<SpaceBefore>(spaceFields, blankSpaceBefore)), ...stateFields },
  blankBefore,
);

const schema: Schema<VmState> = record<VmState>(
  {
    spaces: map(
      int(),
      record<Space>(
        {
          ...spaceFields,
          size: int(),
          peakSize: int(),
          peakResident: int(),
          evicted: map(int(), int()),
          future: int(),
          barriers: int(),
        },
        blankSpace,
      ),
    ),
    ...stateFields,
    objectPages: map(int(), int()),
    held: set(int()),
    swap: record<Swap>(
      {
        counts: uint16s(),
        used: int(),
        next: int(),
        slotOf: map(int(), int()),
        frameOf: map(int(), int()),
        handSpace: int(),
        handAddress: int(),
        retryAt: int(),
        refusals: int(),
        event: int(),
      },
      blankSwap,
    ),
  },
  blank,
);

function up(older: unknown): VmState {
  const { spaces, ...rest } = older as VmStateBefore;
  const state: VmState = { ...blank(), ...rest };
  for (const [id, space] of spaces)
    state.spaces.set(id, {
      ...blankSpace(),
      ...space,
      size: sizeOf(space),
      peakSize: sizeOf(space),
      peakResident: space.resident,
    });
  for (const { vmas } of spaces.values()) {
    for (const { inode, start, end, offset } of vmas) {
      if (!state.anonymous.has(inode)) continue;
      const pages = (offset + end - start) / PAGE;
      state.objectPages.set(inode, Math.max(pages, state.objectPages.get(inode) ?? 0));
    }
  }
  return state;
}

/** What is wrong with the shared objects, or null. */
function objectsBroken({ spaces, anonymous, objectPages, held }: VmState): string | null {
  const counts = new Map<number, number>();
  for (const inode of held) counts.set(inode, 1);
  for (const { vmas } of spaces.values()) {
    for (const { inode } of vmas) counts.set(inode, (counts.get(inode) ?? 0) + 1);
  }
  for (const [inode, references] of anonymous) {
    if (counts.get(inode) !== references) return `object ${inode} has ${references} references`;
    if (!objectPages.has(inode)) return `object ${inode} has no size`;
  }
  return objectPages.size === anonymous.size ? null : 'there are sizes of objects that are gone';
}

/** What is wrong with the slots, or null. */
function slotsBroken({ spaces, swap }: VmState): string | null {
  const counts = new Map<number, number>();
  for (const { evicted } of spaces.values()) {
    for (const slot of evicted.values()) counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  if (counts.size !== swap.used) return `${counts.size} slots are named but ${swap.used} are counted as used`;
  for (const [slot, count] of counts)
    if (swap.counts[slot] !== count) return `slot ${slot} is named ${count} times`;
  if (swap.slotOf.size !== swap.frameOf.size) return 'frames and slots of shared pages differ';
  for (const [frame, slot] of swap.slotOf) {
    if (swap.frameOf.get(slot) !== frame || !counts.has(slot))
      return `frame ${frame} does not belong to slot ${slot}`;
  }
  return null;
}

export const vmLayout: StateLayout<VmState> = {
  name: 'vm',
  versions: [
    { version: 1, schema: before as Schema<unknown> },
    { version: 2, schema: schema as Schema<unknown>, up },
  ],
  create: blank,
  verify(state) {
    for (const space of state.spaces.values()) {
      let end = 0;
      for (const vma of space.vmas) {
        if (vma.start < end || vma.end <= vma.start)
          return `address space ${space.id} has overlapping areas at ${vma.start}`;
        end = vma.end;
      }
      if (space.size !== sizeOf(space)) return `address space ${space.id} counts ${space.size} pages`;
    }
    return slotsBroken(state) ?? objectsBroken(state);
  },
};

/** Make state records by these, so that all share one hidden class. */
export const createVma: () => Vma = blankVma;
export const createSpace: () => Space = blankSpace;

/** What to map. `inode` 0 and shared = a fresh shared anonymous object. */
export interface MapRequest {
  address: number;
  length: number;
  prot: number;
  maxProt: number;
  /** VMA_ bits. */
  flags: number;
  /** Take exactly `address`, unmapping what is there; else it is a hint. */
  fixed: boolean;
  /** With fixed: -EEXIST instead of unmapping. */
  noReplace: boolean;
  inode: number;
  offset: number;
}

/** Lowest address that is given out; below it is for CAP_SYS_RAWIO alone (vm.mmap_min_addr). */
export const USER_BOTTOM = 0x1_0000;
/** Highest user address and one more, by default: 4 GiB, so that engines can use flat tables. */
export const USER_TOP = 0x1_0000_0000;
/** Highest user address and one more that any paging format has; what pmap can map now may end below. */
export const USER_LIMIT = 0x8000_0000_0000;

export interface Vm {
  /** A new, empty address space with one user. @returns its id or -ENOMEM */
  create(): number;
  /** One more process shares it. */
  retain(space: number): void;
  /** One fewer; at none left everything in it is unmapped. */
  release(space: number): void;
  /** A copy of an address space for fork(2). @returns its id or -ENOMEM */
  fork(space: number): number;
  /** @returns the address, or -EINVAL, -ENOMEM, -EEXIST, -ENODEV (the module can not), or WAIT. Idempotent before WAIT. */
  map(space: number, request: MapRequest): number;
  /** @returns 0, -EINVAL or -ENOMEM */
  unmap(space: number, address: number, length: number): number;
  /** @returns 0, -EINVAL, -ENOMEM (a hole), -EACCES */
  protect(space: number, address: number, length: number, prot: number): number;
  /** @param flags MREMAP_ bits @returns the address or -errno */
  remap(
    space: number,
    address: number,
    oldLength: number,
    newLength: number,
    flags: number,
    newAddress: number,
  ): number;
  /** Set where the heap begins (execve). */
  setHeap(space: number, start: number): void;
  /** @returns the break after the call, as brk(2)'s system call does */
  brk(space: number, address: number): number;
  /** madvise(2). @returns 0, -errno, or WAIT (MADV_POPULATE_). Idempotent. */
  advise(space: number, address: number, length: number, advice: number): number;
  /** msync(2). @returns 0, -ENOMEM, -EINVAL or WAIT */
  sync(space: number, address: number, length: number, flags: number): number;
  /**
   * An access that the page tables refuse. @param access PROT_READ, PROT_WRITE or PROT_EXEC @param stackLimit bytes that
   * a stack may grow to @returns 0 (try again), -EFAULT (nothing mapped there: SEGV_MAPERR), -EACCES (SEGV_ACCERR), -EIO
   * (past the end of the file: SIGBUS), -ENOMEM, or WAIT. Idempotent.
   */
  fault(space: number, va: number, access: number, stackLimit: number): number;
  /** A file shrank: unmap its pages at and above an index everywhere. */
  truncated(inode: number, fromIndex: number): void;
  /** True if any area maps this inode (text busy, leases). */
  mapped(inode: number): boolean;
  /**
   * Interface `shared-objects`. Pages that can be mapped shared by the id of their object, and stay until they are dropped,
   * mapped or not. @returns an inode id of superblock 0, or -ENOMEM (more than there can be)
   */
  makeObject?(pages: number): number;
  /** Interface `shared-objects`. It goes with the last area that maps it. */
  dropObject?(inode: number): void;
  /** Interface `shared-objects`. Areas that map it. */
  attachments?(inode: number): number;
  /** Interface `sealing`. True if a shared mapping of this inode may write, or be made to. */
  mayWrite?(inode: number): boolean;
  /** mincore(2). @returns 0 or -ENOMEM; one byte a page into `into` */
  residency(space: number, address: number, length: number, into: Uint8Array): number;
  /** The areas in order, for /proc/PID/maps. Valid until the entry ends; not to be changed. */
  areas(space: number): readonly Readonly<Vma>[];
  /** Mapped and resident size in pages. */
  size(space: number): number;
  /** Interface `locking`, mlock(2): mark the areas of a range up to its first hole. Page aligned. @returns 0 or -ENOMEM (a hole). Idempotent. */
  lock?(space: number, start: number, end: number, locked: boolean): number;
  /** Interface `locking`, mlockall(2). @param present all areas there are; null leaves them @param future those that are yet to come */
  lockAll?(space: number, present: boolean | null, future: boolean): void;
  /** Interface `barriers`. Remember what membarrier(2) registered. @param add bits, 0 = none @returns all so far */
  barriers?(space: number, add: number): number;
  /** Interface `locking`. Bytes of a range that are locked. */
  locked?(space: number, start: number, end: number): number;
  resident(space: number): number;
  /** Interface `peaks`. The most that `size` and `resident` ever were. */
  peakSize?(space: number): number;
  peakResident?(space: number): number;
  /**
   * Interface `paging`. Make this many frames free, from pages of programs. @returns WAIT after naming a wait, behind which it
   * may be tried again: physical addresses that the caller has are void; or 0, there is nothing to give
   */
  relieve?(frames: number): number;
  /** Interface `paging`. Pages of a range that lie outside memory, for VmSwap; of space -1 all slots in use. */
  evicted?(space: number, start: number, end: number): number;
}

export const vm: Contract<Vm> = {
  name: 'vm',
  version: 1,
  operations: [
    'create',
    'retain',
    'release',
    'fork',
    'map',
    'unmap',
    'protect',
    'remap',
    'setHeap',
    'brk',
    'advise',
    'sync',
    'fault',
    'truncated',
    'mapped',
    'residency',
    'areas',
    'size',
    'resident',
  ],
  interfaces: {
    /** `map` takes a shared mapping of a file; a module without it answers -ENODEV. */
    'mapped-files': [],
    /** `fork` and private mappings of files share frames until one side writes. */
    'copy-on-write': [],
    /** Which memory is to stay is remembered and counted. */
    locking: ['lock', 'lockAll', 'locked'],
    /** Registrations of membarrier(2) are remembered with the address space. */
    barriers: ['barriers'],
    /** What an address space was at its largest is remembered. */
    peaks: ['peakSize', 'peakResident'],
    /** Shared memory outlives its mappings. */
    'shared-objects': ['makeObject', 'dropObject', 'attachments'],
    /** Which files shared mappings can write to is known. */
    sealing: ['mayWrite'],
    /** Private pages that are not used go to the disk named SWAP_DISK when memory runs low. */
    paging: ['relieve', 'evicted'],
  },
};
