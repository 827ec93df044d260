/**
 * A virtual memory as one byte a page, and commands that are played on it and on a real module alike.
 *
 * What the model says is what mmap(2), mprotect(2), mremap(2), madvise(2), brk(2) and fork(2) promise whatever the policy.
 * Where policies may differ (does a private mapping see later writes to its file?) the commands do not go.
 */
import { EACCES, EFAULT, EIO, ENODEV, ENOMEM } from '../abi/linux/errno.ts';
import { MADV_DONTNEED, MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/linux/mman.ts';
import type { Module } from '../contracts/module.ts';
import { EXTRACT_FRAME_SHIFT, PROT_READ, PROT_WRITE } from '../contracts/pmap.ts';
import { VMA_SHARED, type Vm, type VmState, vmLayout } from '../contracts/vm.ts';
import { type FakeFile, type FakeVmKernel, fakeVmKernel } from './fake-vm-kernel.ts';
import { type Command, FIRST, HEAP, HEAP_PAGES } from './vm-commands.ts';

const PAGE = 4096;
/** The byte of a page that is read and written. */
const OFFSET = 1234;

interface Cell {
  value: number;
}
/** What an object (a file, shared memory) has in its pages. */
interface SharedObject {
  readonly cells: Map<number, Cell>;
  readonly initial: readonly number[] | null;
  /** Behind them there is nothing to access. */
  readonly pages: number;
}
/** An object that vm holds, or held. */
interface Held {
  readonly inode: number;
  readonly object: SharedObject;
}
interface ModelPage {
  prot: number;
  maxProt: number;
  cell: Cell;
  /** What the cell goes back to, and what a page that follows it would map. */
  readonly object: SharedObject | null;
  readonly index: number;
  readonly shared: boolean;
  /** Past the end of its file. */
  readonly absent: boolean;
}
type Model = Map<number, ModelPage>;

const initialOf = (object: SharedObject | null, index: number): number => object?.initial?.[index] ?? 0;

function modelPage(
  object: SharedObject | null,
  index: number,
  shared: boolean,
  like: { prot: number; maxProt: number },
): ModelPage {
  const absent = object !== null && index >= object.pages;
  let cell: Cell = { value: initialOf(object, index) };
  if (shared && object !== null) {
    cell = object.cells.get(index) ?? cell;
    object.cells.set(index, cell);
  }
  return { prot: like.prot, maxProt: like.maxProt, cell, object, index, shared, absent };
}

const expectEqual = (what: string, found: unknown, expected: unknown): void => {
  if (found !== expected) throw new Error(`${what}: found ${String(found)}, expected ${String(expected)}`);
};

/** Plays commands on a module and the model, and compares. */
class Player {
  readonly fake: FakeVmKernel;
  readonly modules: readonly Module<Vm, VmState>[];
  installed: Module<Vm, VmState>;
  readonly models = new Map<number, Model>();
  readonly breaks = new Map<number, number>();
  current: number;
  readonly privateFile: FakeFile;
  readonly sharedFile: FakeFile;
  readonly objects: Record<'private' | 'shared', SharedObject>;
  held: Held[] = [];
  readonly dropped: number[] = [];

  constructor(modules: readonly Module<Vm, VmState>[]) {
    this.modules = modules;
    this.installed = modules[0] as Module<Vm, VmState>;
    this.fake = fakeVmKernel(4096, this.installed, 512);
    this.privateFile = this.fake.addFile([11, 12, 0, 14, 15, 0], true);
    this.sharedFile = this.fake.addFile([21, 0, 23, 24, 0, 26, 27, 28]);
    this.objects = {
      private: { cells: new Map(), initial: this.privateFile.pages, pages: this.privateFile.pages.length },
      shared: { cells: new Map(), initial: this.sharedFile.pages, pages: this.sharedFile.pages.length },
    };
    this.current = this.vm.create();
    this.models.set(this.current, new Map());
    this.vm.setHeap(this.current, HEAP * PAGE);
    this.breaks.set(this.current, HEAP);
  }
  get vm(): Vm {
    return this.fake.kernel.vm;
  }
  get model(): Model {
    return this.models.get(this.current) as Model;
  }

  map(command: Extract<Command, { kind: 'map' }>): void {
    const { source } = command;
    const held = source === 'object' ? this.held[command.offset % this.held.length] : undefined;
    if (source === 'object' && held === undefined) return;
    const pages = Math.min(command.pages, held?.object.pages ?? command.pages);
    const shared = source !== 'private' && source !== 'private-file';
    const isFile = source.endsWith('file');
    const file = source === 'private-file' ? this.privateFile : this.sharedFile;
    const maxProt = source === 'read-only-file' ? 5 : 7;
    const result = this.fake.finish(() =>
      this.vm.map(this.current, {
        address: command.page * PAGE,
        length: pages * PAGE,
        prot: command.prot & maxProt,
        maxProt,
        flags: shared ? VMA_SHARED : 0,
        fixed: command.fixed,
        noReplace: false,
        inode: isFile ? file.inode : (held?.inode ?? 0),
        offset: isFile ? command.offset * PAGE : 0,
      }),
    );
    if (isFile && shared && !this.installed.manifest.interfaces.includes('mapped-files')) {
      expectEqual('a shared file on a module without them', result, -ENODEV);
      return;
    }
    if (command.fixed) expectEqual('a fixed mapping', result, command.page * PAGE);
    const start = result / PAGE;
    let object: SharedObject | null = null;
    if (isFile) object = this.objects[source === 'private-file' ? 'private' : 'shared'];
    else if (shared) object = held?.object ?? { cells: new Map(), initial: null, pages };
    for (let i = 0; i < pages; i++) {
      if (!command.fixed) expectEqual(`page ${start + i} was free`, this.model.has(start + i), false);
      const index = isFile ? command.offset + i : i;
      this.model.set(start + i, modelPage(object, index, shared, { prot: command.prot & maxProt, maxProt }));
    }
  }

  make(count: number): void {
    const inode = this.vm.makeObject?.(count) ?? 0;
    if (inode === 0) return;
    expectEqual('attachments of a new object', this.vm.attachments?.(inode), 0);
    this.held.push({ inode, object: { cells: new Map(), initial: null, pages: count } });
  }
  drop(which: number): void {
    const [gone] = this.held.splice(which % (this.held.length + 1), 1);
    if (gone === undefined) return;
    this.vm.dropObject?.(gone.inode);
    this.dropped.push(gone.inode);
  }
  /** Objects are counted by areas, and have pages only while they are held or mapped. */
  checkObjects(): void {
    const areas = new Map<number, number>();
    for (const id of this.models.keys())
      for (const { inode } of this.vm.areas(id)) areas.set(inode, (areas.get(inode) ?? 0) + 1);
    for (const inode of [...this.held.map((each) => each.inode), ...this.dropped])
      expectEqual(`attachments of ${inode}`, this.vm.attachments?.(inode), areas.get(inode) ?? 0);
    for (const inode of this.dropped) {
      if (areas.has(inode)) continue;
      expectEqual(`pages of ${inode}, which is gone`, this.fake.kernel.pagecache.count(inode), 0);
    }
  }

  protect({ page: first, pages: count, prot: wanted }: Extract<Command, { kind: 'protect' }>): void {
    let expected = 0;
    const touched: ModelPage[] = [];
    for (let i = 0; i < count && expected === 0; i++) {
      const page = this.model.get(first + i);
      if (page === undefined) expected = -ENOMEM;
      else if ((wanted & ~page.maxProt) !== 0) expected = -EACCES;
      else touched.push(page);
    }
    expectEqual('protect', this.vm.protect(this.current, first * PAGE, count * PAGE, wanted), expected);
    for (const page of touched) page.prot = wanted;
  }

  remap(command: Extract<Command, { kind: 'remap' }>): void {
    const { page: from, pages: old, newPages, move, to } = command;
    const fixed = move && to !== null;
    const flags = (move ? MREMAP_MAYMOVE : 0) | (fixed ? MREMAP_FIXED : 0);
    const before = [...this.vm.areas(this.current)].find(
      (a) => a.start <= from * PAGE && from * PAGE < a.end,
    );
    const result = this.vm.remap(
      this.current,
      from * PAGE,
      old * PAGE,
      newPages * PAGE,
      flags,
      (to ?? 0) * PAGE,
    );
    if (result < 0) {
      // Whether it fits is the areas' affair, but a range of one area that shrinks in place always does.
      const inOne = before !== undefined && before.end >= (from + old) * PAGE;
      expectEqual('a shrinking remap fails', inOne && newPages <= old && !fixed, false);
      return;
    }
    const { model } = this;
    const target = result / PAGE;
    if (target === from && newPages <= old) {
      for (let i = newPages; i < old; i++) model.delete(from + i);
      return;
    }
    const moved: ModelPage[] = [];
    for (let i = 0; i < Math.min(old, newPages); i++) moved.push(model.get(from + i) as ModelPage);
    if (fixed) {
      expectEqual('a fixed remap', target, to);
      for (let i = 0; i < newPages; i++) model.delete(target + i);
    }
    for (let i = 0; i < old; i++) if (target !== from || i >= newPages) model.delete(from + i);
    const last = moved[moved.length - 1] as ModelPage;
    for (let i = 0; i < newPages; i++) {
      if (i >= old) expectEqual(`page ${target + i} was free`, model.has(target + i), false);
      const index = last.object === null ? 0 : last.index + 1 + i - moved.length;
      model.set(target + i, moved[i] ?? modelPage(last.object, index, last.shared, last));
    }
  }

  discard(first: number, count: number): void {
    let expected = 0;
    for (let i = 0; i < count; i++) {
      const page = this.model.get(first + i);
      if (page === undefined) expected = -ENOMEM;
      else if (!page.shared) page.cell = { value: initialOf(page.object, page.index) };
    }
    const result = this.vm.advise(this.current, first * PAGE, count * PAGE, MADV_DONTNEED);
    expectEqual('discard', result, expected);
  }

  expected(number: number, access: number): number {
    const page = this.model.get(number);
    if (page === undefined) return -EFAULT;
    const enough = access === PROT_READ ? PROT_READ | PROT_WRITE : access;
    if ((page.prot & enough) === 0) return -EACCES;
    return page.absent ? -EIO : page.cell.value;
  }
  load(number: number): void {
    const at = number * PAGE + OFFSET;
    expectEqual(
      `byte of page ${number}`,
      this.fake.access(this.current, at, PROT_READ),
      this.expected(number, PROT_READ),
    );
  }
  store(number: number, value: number): void {
    const at = number * PAGE + OFFSET;
    // Loads around the store leave a translation that the store may make stale.
    this.load(number);
    const refused = this.expected(number, PROT_WRITE);
    const result = this.fake.access(this.current, at, PROT_WRITE, value);
    expectEqual(`store to page ${number}`, result, refused < 0 ? refused : value);
    if (refused >= 0) (this.model.get(number) as ModelPage).cell.value = value;
    this.load(number);
  }

  brk(count: number): void {
    const before = this.breaks.get(this.current) as number;
    const result = this.vm.brk(this.current, (HEAP + count) * PAGE) / PAGE;
    if (result !== HEAP + count) {
      expectEqual('a refused break', result, before);
      return;
    }
    this.breaks.set(this.current, result);
    for (let i = result; i < before; i++) this.model.delete(i);
    for (let i = before; i < result; i++)
      this.model.set(i, modelPage(null, 0, false, { prot: 3, maxProt: 7 }));
  }

  fork(): void {
    if (this.models.size >= 6) return;
    const child = this.vm.fork(this.current);
    const copy: Model = new Map();
    for (const [number, page] of this.model) {
      copy.set(number, { ...page, cell: page.shared ? page.cell : { ...page.cell } });
    }
    this.models.set(child, copy);
    this.breaks.set(child, this.breaks.get(this.current) as number);
  }
  exit(): void {
    if (this.models.size === 1) return;
    this.vm.release(this.current);
    this.models.delete(this.current);
    this.current = [...this.models.keys()][0] as number;
  }

  play(command: Command): void {
    switch (command.kind) {
      case 'map':
        return this.map(command);
      case 'unmap':
        expectEqual('unmap', this.vm.unmap(this.current, command.page * PAGE, command.pages * PAGE), 0);
        for (let i = 0; i < command.pages; i++) this.model.delete(command.page + i);
        return;
      case 'protect':
        return this.protect(command);
      case 'remap':
        return this.remap(command);
      case 'discard':
        return this.discard(command.page, command.pages);
      case 'store':
        return this.store(command.page, command.value);
      case 'load':
        return this.load(command.page);
      case 'brk':
        return this.brk(command.pages);
      case 'fork':
        return this.fork();
      case 'exit':
        return this.exit();
      case 'switch':
        this.current = [...this.models.keys()][command.to % this.models.size] as number;
        return;
      case 'make':
        return this.make(command.pages);
      case 'drop':
        return this.drop(command.which);
      case 'relieve':
        // Pages go out of memory, in a module that can; nothing else may show it.
        this.vm.relieve?.(command.frames);
        return;
      case 'exchange':
        this.installed = this.modules[command.module % this.modules.length] as Module<Vm, VmState>;
        this.fake.install(this.installed, command.copy);
        return this.check();
    }
  }

  /** Areas are as the pages say, and references add up: mappings and the page cache are all that holds frames. */
  check(): void {
    const { kernel, states } = this.fake;
    const references = new Map<number, number>();
    const add = (frame: number): void => {
      references.set(frame, (references.get(frame) ?? 0) + 1);
    };
    for (const frame of states.vm.swap.slotOf.keys()) add(frame);
    for (const file of states.pagecache.files.values()) for (const frame of file.values()) add(frame);
    for (const id of this.models.keys()) {
      let resident = 0;
      for (
        let va = kernel.pmap.next(id, 0, 2 ** 38);
        va >= 0;
        va = kernel.pmap.next(id, va + PAGE, 2 ** 38)
      ) {
        add(kernel.pmap.extract(id, va) >>> EXTRACT_FRAME_SHIFT);
        expectEqual(`page ${va / PAGE} lies in an area`, this.models.get(id)?.has(va / PAGE), true);
        expectEqual(`page ${va / PAGE} is out too`, states.vm.spaces.get(id)?.evicted.has(va / PAGE), false);
        resident++;
      }
      for (const area of kernel.vm.areas(id)) {
        for (let va = area.start; va < area.end; va += PAGE) {
          const page = this.models.get(id)?.get(va / PAGE);
          expectEqual(`prot of ${va / PAGE}`, area.prot, page?.prot);
          expectEqual(`maxProt of ${va / PAGE}`, area.maxProt, page?.maxProt);
          expectEqual(`shared flag of ${va / PAGE}`, (area.flags & VMA_SHARED) !== 0, page?.shared);
        }
      }
      expectEqual(`resident pages of ${id}`, kernel.vm.resident(id), resident);
      expectEqual(`size of ${id}`, kernel.vm.size(id), this.models.get(id)?.size);
    }
    for (const [frame, count] of references) {
      expectEqual(`references of frame ${frame}`, kernel.frames.count(frame), count);
    }
    this.checkObjects();
    expectEqual('the invariants of the state', vmLayout.verify?.(states.vm), null);
  }

  /** Every page of every space, then everything is given back. */
  finish(): void {
    for (const id of this.models.keys()) {
      this.current = id;
      for (let number = FIRST - 16; number < HEAP + HEAP_PAGES + 16; number++) this.load(number);
      for (const number of this.model.keys()) this.load(number);
    }
    this.check();
    for (const id of this.models.keys()) this.vm.release(id);
    while (this.held.length > 0) this.drop(0);
    const { kernel, states, files } = this.fake;
    expectEqual('slots left', states.vm.swap.used, 0);
    expectEqual('shared objects left', states.vm.anonymous.size, 0);
    for (const file of files.values()) {
      expectEqual(`pins of ${file.inode}`, file.pins, 0);
      kernel.pagecache.truncate(file.inode, 0);
    }
    expectEqual('frames in use after all is gone', states.frames.used, 0);
  }
}

/** Play commands with modules that take each other's place. Throws on the first difference from the model. */
export function playCommands(modules: readonly Module<Vm, VmState>[], commands: readonly Command[]): void {
  const player = new Player(modules);
  for (const command of commands) player.play(command);
  player.finish();
}
