/**
 * Random programs: functions of loops, branches, calls, memory and floating point, and small ones that these call. Holds no test.
 */
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { PAGE_SIZE } from '../../src/machine/layout.ts';
import { Harness } from './harness.ts';
import { type Create, Random } from './program.ts';

const CODE = 0x10000;
/** The data that it works on, and in how many pages. */
export const DATA = 0x200000;
export const DATA_PAGES = 8;
const STACK = 0x400000;
const FUNCTIONS = 5;
/** Bytes from one function to the next. */
const STRIDE = 4 * PAGE_SIZE;
/** Odd ones lie two bytes off, so that instructions lie over page boundaries. */
const startOf = (index: number): number => CODE + index * STRIDE + (index % 2) * 2;

/** Small functions: some so far away that a distance to them takes more than 19 bits. */
const LEAVES = 6;
const leafStart = (index: number): number => (index % 2 === 0 ? 0x30000 : 0x100000) + index * PAGE_SIZE;
/** How often a leaf calls itself yet. */
const NESTED = 17;

/** x8: data, x9: a second pointer to it, x18.. loop counters by depth, x22 to x27 for walks; the rest is random. */
const FREE = [5, 6, 7, 10, 11, 12, 13, 14, 15, 28, 29, 30, 31];
const COUNTERS = [18, 19, 20];
/** What walks over memory: two pointers, an index, a stride, an address made of these, a counter. */
const [POINTER, OTHER, INDEX, BY, ADDRESS, TURNS] = [22, 23, 24, 25, 26, 27] as const;

const ARITHMETIC = [
  'add',
  'sub',
  'xor',
  'or',
  'and',
  'sll',
  'srl',
  'sra',
  'slt',
  'sltu',
  'mul',
  'mulh',
  'div',
  'remu',
  'sh2add',
  'sh3add.uw',
  'andn',
  'orn',
  'min',
  'maxu',
  'ror',
  'rev8',
  'orc.b',
  'bclr',
  'bext',
];
const WORDS = [
  'addw',
  'subw',
  'sllw',
  'srlw',
  'sraw',
  'mulw',
  'divw',
  'remuw',
  'rolw',
  'add.uw',
  'ctzw',
  'zext.h',
];
const LOADS = ['lb', 'lh', 'lw', 'ld', 'lbu', 'lhu', 'lwu'];
const STORES = ['sb', 'sh', 'sw', 'sd'];
const FLOATS = ['fadd.d', 'fsub.d', 'fmul.d', 'fdiv.d', 'fadd.s', 'fmul.s', 'fsgnj.d', 'fmin.d', 'fmadd.d'];
/** How far a branch goes forward. */
const BRANCH_REACH = 4096;
const BRANCHES = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'];

class Body {
  readonly words: number[] = [];
  readonly r: Random;
  constructor(r: Random) {
    this.r = r;
  }
  get at(): number {
    return this.words.length * 4;
  }
  free(): number {
    return this.r.pick(FREE);
  }

  simple(): void {
    const { r } = this;
    switch (r.below(10)) {
      case 0:
      case 1:
        this.words.push(a('addi', { rd: this.free(), rs1: this.free(), imm: r.below(4096) - 2048 }));
        break;
      case 2:
      case 3:
        this.words.push(a(r.pick(ARITHMETIC), { rd: this.free(), rs1: this.free(), rs2: this.free() }));
        break;
      case 4:
        this.words.push(a(r.pick(WORDS), { rd: this.free(), rs1: this.free(), rs2: this.free() }));
        break;
      case 5: {
        // Mostly aligned, and over all pages of the data.
        const imm = (r.below(512) - 256) * (r.below(12) === 0 ? 3 : 8);
        this.words.push(a(r.pick(LOADS), { rd: this.free(), rs1: r.pick([8, 9]), imm }));
        break;
      }
      case 6: {
        const imm = (r.below(512) - 256) * (r.below(12) === 0 ? 3 : 8);
        this.words.push(a(r.pick(STORES), { rs2: this.free(), rs1: r.pick([8, 9]), imm }));
        break;
      }
      case 7:
        this.words.push(
          a(r.pick(FLOATS), {
            rd: r.below(8),
            rs1: r.below(8),
            rs2: r.below(8),
            rs3: r.below(8),
            rm: r.pick([0, 7]),
          }),
        );
        break;
      case 8:
        this.words.push(
          r.below(2) === 0
            ? a('fcvt.d.w', { rd: r.below(8), rs1: this.free(), rm: 7 })
            : a('fcvt.l.d', { rd: this.free(), rs1: r.below(8), rm: 1 }),
        );
        break;
      default:
        // Move the second pointer to another page, or swap in memory.
        if (r.below(3) === 0) {
          this.words.push(a('amoadd.d', { rd: this.free(), rs1: 8, rs2: this.free() }));
        } else {
          const temporary = this.free();
          this.words.push(
            a('andi', { rd: temporary, rs1: this.free(), imm: DATA_PAGES - 3 }),
            a('slli', { rd: temporary, rs1: temporary, imm: 12 }),
            a('lui', { rd: 9, imm: DATA + PAGE_SIZE }),
            a('add', { rd: 9, rs1: 9, rs2: temporary }),
          );
        }
    }
  }

  block(depth: number, self: number): void {
    const { r } = this;
    for (let i = r.below(6) + 1; i > 0; i--) {
      const kind = r.below(depth > 1 ? 13 : 14);
      if (kind === 0 && depth < COUNTERS.length) {
        const counter = COUNTERS[depth] as number;
        this.words.push(a('addi', { rd: counter, rs1: 0, imm: r.below(5) + 1 }));
        // Perhaps come into its middle first.
        const over = r.below(2) === 0 ? this.words.push(0) - 1 : -1;
        const head = this.at;
        this.block(depth + 1, self);
        if (over >= 0) {
          const distance = (this.words.length - over) * 4;
          const imm = distance < BRANCH_REACH ? distance : 4;
          this.words[over] = a(r.pick(BRANCHES), { rs1: this.free(), rs2: this.free(), imm });
          for (let some = r.below(4); some >= 0; some--) this.simple();
        }
        this.words.push(a('addi', { rd: counter, rs1: counter, imm: -1 }));
        this.words.push(a('bne', { rs1: counter, rs2: 0, imm: head - this.at }));
      } else if (kind === 1) {
        const from = this.words.push(0) - 1;
        this.block(depth, self);
        const skip = (this.words.length - from) * 4;
        this.words[from] = a(r.pick(BRANCHES), { rs1: this.free(), rs2: this.free(), imm: skip });
      } else if (kind === 2) {
        // Either of two ways, with a jump over the other.
        const from = this.words.push(0) - 1;
        this.simple();
        const over = this.words.push(0) - 1;
        this.words[from] = a(r.pick(BRANCHES), {
          rs1: this.free(),
          rs2: this.free(),
          imm: (this.words.length - from) * 4,
        });
        this.block(depth, self);
        this.words[over] = a('jal', { rd: 0, imm: (this.words.length - over) * 4 });
      } else if (kind === 3 && depth === 0 && self < FUNCTIONS - 1) {
        this.call(self + 1 + r.below(FUNCTIONS - 1 - self));
      } else if (kind === 12) {
        this.leaf();
      } else if (kind === 13) {
        this.walk();
      } else {
        this.simple();
      }
    }
  }

  access(base: number, reach: number): void {
    const { r } = this;
    const imm = r.below(reach) - r.below(reach / 2);
    if (r.below(2) === 0) this.words.push(a(r.pick(LOADS), { rd: this.free(), rs1: base, imm }));
    else this.words.push(a(r.pick(STORES), { rs2: this.free(), rs1: base, imm }));
  }

  /** An address made of the index, of the stride, or of what is loaded; used perhaps. */
  address(): void {
    const { r } = this;
    const by = r.below(4);
    switch (r.below(10)) {
      case 0:
        this.words.push(a('slli', { rd: ADDRESS, rs1: INDEX, imm: by }));
        break;
      case 1:
        this.words.push(
          a('slli', { rd: ADDRESS, rs1: INDEX, imm: 32 }),
          a(r.pick(['srli', 'srai']), { rd: ADDRESS, rs1: ADDRESS, imm: 32 - by }),
        );
        break;
      case 2:
        this.words.push(a(r.pick(['addw', 'subw']), { rd: ADDRESS, rs1: INDEX, rs2: BY }));
        break;
      case 3:
        this.words.push(a(r.pick(['sh1add', 'sh2add.uw', 'add.uw']), { rd: ADDRESS, rs1: INDEX, rs2: 0 }));
        break;
      case 4:
        this.words.push(a('sub', { rd: ADDRESS, rs1: POINTER, rs2: OTHER }));
        break;
      // Into tables, of which some reach over pages.
      case 5:
        this.words.push(
          a('lbu', { rd: ADDRESS, rs1: POINTER, imm: 0 }),
          a('slli', { rd: ADDRESS, rs1: ADDRESS, imm: by }),
        );
        break;
      case 6:
        this.words.push(
          a('srli', { rd: ADDRESS, rs1: this.free(), imm: 54 }),
          a('xori', { rd: ADDRESS, rs1: ADDRESS, imm: 1 }),
          a('slli', { rd: ADDRESS, rs1: ADDRESS, imm: by }),
        );
        break;
      case 7:
        this.words.push(
          a('slli', { rd: ADDRESS, rs1: this.free(), imm: r.pick([51, 54]) }),
          a('srli', { rd: ADDRESS, rs1: ADDRESS, imm: 50 }),
        );
        break;
      case 8:
        this.words.push(a('andi', { rd: ADDRESS, rs1: INDEX, imm: r.pick([0xff, 0x3f8]) }));
        break;
      default:
        this.words.push(
          a('lw', { rd: ADDRESS, rs1: POINTER, imm: 0 }),
          a('andi', { rd: ADDRESS, rs1: ADDRESS, imm: 0x7ff }),
        );
    }
    this.words.push(a('add', { rd: ADDRESS, rs1: ADDRESS, rs2: 8 }));
    this.access(ADDRESS, 16);
  }

  /** A loop over memory, with many turns and little in it. */
  walk(): void {
    const { r } = this;
    // Near the ends of 32 bits now and then.
    const index = r.pick([0, 5, 900, -3, 0x7ffffff0, -0x7ffffff0]);
    this.words.push(
      a('lui', { rd: POINTER, imm: DATA + PAGE_SIZE * (1 + r.below(3)) }),
      a('addi', { rd: POINTER, rs1: POINTER, imm: r.below(4096) - 2048 }),
      a('addi', { rd: OTHER, rs1: POINTER, imm: r.below(64) }),
      a('lui', { rd: INDEX, imm: index & ~0xfff }),
      a('addiw', { rd: INDEX, rs1: INDEX, imm: ((index & 0xfff) << 20) >> 20 }),
      a('addi', { rd: BY, rs1: 0, imm: r.pick([0, 1, 3, 24, 60, 700, -4]) }),
      a('addi', { rd: TURNS, rs1: 0, imm: r.below(r.pick([6, 100])) + 1 }),
    );
    const head = this.at;
    const exits: number[] = [];
    for (let i = r.below(7) + 2; i > 0; i--) {
      switch (r.below(11)) {
        case 0:
        case 1:
          this.access(r.pick([POINTER, OTHER]), 64);
          break;
        case 2:
          this.words.push(a('addi', { rd: POINTER, rs1: POINTER, imm: r.pick([1, 4, 8, 8, 24, -8]) }));
          break;
        case 3:
          this.words.push(a('addi', { rd: OTHER, rs1: POINTER, imm: r.pick([0, 8, -16]) }));
          break;
        case 4:
          this.words.push(a('addiw', { rd: INDEX, rs1: INDEX, imm: r.pick([1, 2, -1, 5]) }));
          break;
        case 5:
          this.words.push(a(r.pick(['addw', 'add']), { rd: INDEX, rs1: INDEX, rs2: BY }));
          break;
        case 6:
          this.address();
          break;
        case 7:
          // A step that is taken now and then.
          this.words.push(
            a(r.pick(BRANCHES), { rs1: this.free(), rs2: this.free(), imm: 8 }),
            a('addi', { rd: r.pick([POINTER, OTHER, INDEX]), rs1: POINTER, imm: r.pick([8, 16, -4]) }),
          );
          break;
        case 8:
          if (r.below(3) === 0) exits.push(this.words.push(0) - 1);
          break;
        case 9:
          this.leaf();
          break;
        default:
          this.simple();
      }
    }
    this.words.push(a('addi', { rd: TURNS, rs1: TURNS, imm: -1 }));
    this.words.push(a('bne', { rs1: TURNS, rs2: 0, imm: head - this.at }));
    for (const at of exits) {
      const imm = (this.words.length - at) * 4;
      this.words[at] = a(r.pick(BRANCHES), { rs1: this.free(), rs2: this.free(), imm });
    }
  }

  /** Call a small function, which may return to the second instruction behind the call. */
  leaf(): void {
    const { r } = this;
    this.words.push(a('addi', { rd: NESTED, rs1: 0, imm: r.below(7) }));
    this.calls.push([this.words.push(0) - 1, leafStart(r.below(LEAVES))]);
    this.words.push(a('addi', { rd: this.free(), rs1: this.free(), imm: r.below(64) }));
  }

  call(callee: number): void {
    const target = startOf(callee);
    if (this.r.below(2) === 0) {
      this.words.push(
        a('lui', { rd: 16, imm: target - (target % PAGE_SIZE) }),
        a('jalr', { rd: 1, rs1: 16, imm: target % PAGE_SIZE }),
      );
    } else {
      this.calls.push([this.words.push(0) - 1, target]);
    }
  }
  readonly calls: (readonly [index: number, target: number])[] = [];
}

function functionOf(r: Random, self: number): number[] {
  const body = new Body(r);
  body.words.push(a('addi', { rd: 2, rs1: 2, imm: -32 }), a('sd', { rs1: 2, rs2: 1, imm: 8 }));
  for (let i = 0; i < 3; i++) body.block(0, self);
  body.words.push(a('ld', { rd: 1, rs1: 2, imm: 8 }), a('addi', { rd: 2, rs1: 2, imm: 32 }));
  body.words.push(a('jalr', { rd: 0, rs1: 1, imm: 0 }));
  for (const [index, target] of body.calls) {
    body.words[index] = a('jal', { rd: 1, imm: target - (startOf(self) + index * 4) });
  }
  return body.words;
}

const RETURN = a('jalr', { rd: 0, rs1: 1, imm: 0 });

/** One that calls nothing; that calls itself; another; whatever a word in memory says, as stubs do; that returns farther on than it should. */
function leafOf(r: Random, self: number): number[] {
  const body = new Body(r);
  const { words, calls } = body;
  const some = (): void => {
    for (let i = r.below(4); i > 0; i--) body.simple();
  };
  const skipOver = (then: () => void): void => {
    const from = words.push(0) - 1;
    then();
    const imm = (words.length - from) * 4;
    words[from] = a(r.pick(BRANCHES), { rs1: body.free(), rs2: body.free(), imm });
  };
  const nested = (target: number): void => {
    words.push(a('addi', { rd: 2, rs1: 2, imm: -16 }), a('sd', { rs1: 2, rs2: 1, imm: 8 }));
    some();
    calls.push([words.push(0) - 1, target]);
    // It may return behind this.
    words.push(a('addi', { rd: body.free(), rs1: body.free(), imm: 1 }));
    some();
    words.push(a('ld', { rd: 1, rs1: 2, imm: 8 }), a('addi', { rd: 2, rs1: 2, imm: 16 }), RETURN);
  };
  switch (r.below(5)) {
    case 0:
      some();
      skipOver(() => {
        some();
        words.push(RETURN);
      });
      some();
      words.push(RETURN);
      break;
    case 1: {
      words.push(a('beq', { rs1: NESTED, rs2: 0, imm: 0 }), a('addi', { rd: NESTED, rs1: NESTED, imm: -1 }));
      nested(leafStart(self));
      words[0] = a('beq', { rs1: NESTED, rs2: 0, imm: (words.length - 1) * 4 });
      break;
    }
    case 2:
      if (self < LEAVES - 1) nested(leafStart(self + 1 + r.below(LEAVES - 1 - self)));
      else words.push(RETURN);
      break;
    case 3:
      if (self < LEAVES - 1) {
        const target = leafStart(self + 1 + r.below(LEAVES - 1 - self));
        words.push(
          a('auipc', { rd: 28, imm: 0 }),
          a('ld', { rd: 28, rs1: 28, imm: 16 }),
          a('jalr', { rd: 6, rs1: 28, imm: 0 }),
          a('addi', { rd: 0, rs1: 0, imm: 0 }),
          // Halfwords.
          target % 0x10000,
          Math.floor(target / 0x10000),
          0,
          0,
        );
      } else words.push(RETURN);
      break;
    default:
      some();
      skipOver(() => words.push(a('addi', { rd: 1, rs1: 1, imm: 4 })));
      words.push(RETURN);
  }
  for (const [index, target] of calls)
    words[index] = a('jal', { rd: 1, imm: target - (leafStart(self) + index * 4) });
  return words;
}

/** Main calls the first function for ever. */
const MAIN: number = CODE + FUNCTIONS * STRIDE;

/** A machine with the program of a seed, at its beginning; its data are not mapped yet. It ends with a breakpoint. */
export function boot(create: Create, seed: number): Harness {
  const r = new Random(seed);
  const h = new Harness(16 << 20, false, create);
  for (let i = 0; i < FUNCTIONS; i++) {
    const words = functionOf(r, i);
    if (words.length * 4 + 2 > STRIDE) throw new RangeError('a function is larger than its place');
    for (let page = 0; page < STRIDE; page += PAGE_SIZE) h.map(CODE + i * STRIDE + page);
    h.code(startOf(i), words);
  }
  for (let i = 0; i < LEAVES; i++) {
    h.map(leafStart(i));
    h.code(leafStart(i), leafOf(r, i));
  }
  h.map(MAIN);
  h.code(MAIN, [
    a('lui', { rd: 8, imm: DATA + PAGE_SIZE }),
    a('addi', { rd: 9, rs1: 8, imm: 0 }),
    a('jal', { rd: 1, imm: CODE - MAIN - 8 }),
    a('addi', { rd: 21, rs1: 21, imm: -1 }),
    a('bne', { rs1: 21, rs2: 0, imm: -16 }),
    a('ebreak'),
  ]);
  for (let page = STACK - 4 * PAGE_SIZE; page < STACK; page += PAGE_SIZE) h.map(page);
  for (const n of FREE) h.setX(n, r.u64() >> BigInt(r.below(60)));
  for (let n = 0; n < 8; n++) h.setF(n, (BigInt(1023 - 20 + r.below(40)) << 52n) | (r.u64() >> 12n));
  h.setX(2, STACK - 64);
  h.setX(21, 40);
  h.pc = MAIN;
  return h;
}
