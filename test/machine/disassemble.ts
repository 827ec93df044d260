/**
 * Disassembler for the WebAssembly that the translating engine writes: functions of a module as text, one instruction a line.
 *
 * A table of opcodes and a walk; source: WebAssembly Core Specification 2.0, section 5. Throws on what the engine does not write.
 */

const each = (type: string, names: string): readonly string[] =>
  names.split(' ').map((name) => `${type}.${name}`);

const COMPARE = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const FLOAT_COMPARE = 'eq ne lt gt le ge';
const ARITHMETIC = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';
/** Opcodes without immediates, from 0x45 on. */
const PLAIN: readonly string[] = [
  ...each('i32', COMPARE),
  ...each('i64', COMPARE),
  ...each('f32', FLOAT_COMPARE),
  ...each('f64', FLOAT_COMPARE),
  ...each('i32', ARITHMETIC),
  ...each('i64', ARITHMETIC),
  ...each('f32', FLOAT),
  ...each('f64', FLOAT),
  ...each('i32', 'wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...each('i64', 'extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u'),
  ...each('f32', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64'),
  ...each('f64', 'convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32'),
  'i32.reinterpret_f32',
  'i64.reinterpret_f64',
  'f32.reinterpret_i32',
  'f64.reinterpret_i64',
  ...each('i32', 'extend8_s extend16_s'),
  ...each('i64', 'extend8_s extend16_s extend32_s'),
];
const FIRST_PLAIN = 0x45;
/** Loads and stores, from 0x28 on. */
const MEMORY: readonly string[] = [
  ...['i32.load', 'i64.load', 'f32.load', 'f64.load'],
  ...each('i32', 'load8_s load8_u load16_s load16_u'),
  ...each('i64', 'load8_s load8_u load16_s load16_u load32_s load32_u'),
  ...['i32.store', 'i64.store', 'f32.store', 'f64.store'],
  ...each('i32', 'store8 store16'),
  ...each('i64', 'store8 store16 store32'),
];
const FIRST_MEMORY = 0x28;
const OPENING: Readonly<Record<number, string>> = { 0x02: 'block', 0x03: 'loop', 0x04: 'if' };
const ALONE: Readonly<Record<number, string>> = {
  0x00: 'unreachable',
  0x0f: 'return',
  0x1a: 'drop',
  0x1b: 'select',
};
const INDEXED: Readonly<Record<number, string>> = {
  0x0c: 'br',
  0x0d: 'br_if',
  0x10: 'call',
  0x20: 'local.get',
  0x21: 'local.set',
  0x22: 'local.tee',
};
const TYPES: Readonly<Record<number, string>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };
const VOID_BLOCK = 0x40;
const CODE_SECTION = 10;

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError('the module ends too early');
    return byte;
  }
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (byte & 0x40) === 0 ? value : value - (1n << (shift + 7n)));
    }
  }
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}

/** One instruction after its opcode. @returns its text */
function instruction(r: Reader, op: number): string {
  const alone = ALONE[op];
  if (alone !== undefined) return alone;
  const indexed = INDEXED[op];
  if (indexed !== undefined) return `${indexed} ${r.unsigned()}`;
  if (op === 0x41) return `i32.const ${r.signed()}`;
  if (op === 0x42) return `i64.const ${r.signed()}`;
  if (op === 0x0e) {
    const labels = Array.from({ length: r.unsigned() + 1 }, () => 0).map(() => r.unsigned());
    return `br_table ${labels.join(' ')}`;
  }
  if (op === 0x11 || op === 0x13) {
    const type = r.unsigned();
    return `${op === 0x11 ? 'call_indirect' : 'return_call_indirect'} type=${type} table=${r.unsigned()}`;
  }
  const memory = MEMORY[op - FIRST_MEMORY];
  if (memory !== undefined) {
    r.unsigned();
    const offset = r.unsigned();
    return offset === 0 ? memory : `${memory} offset=${offset}`;
  }
  const plain = PLAIN[op - FIRST_PLAIN];
  if (plain === undefined) throw new RangeError(`opcode 0x${op.toString(16)} at ${r.at - 1}`);
  return plain;
}

function body(r: Reader, end: number): string {
  const lines: string[] = [];
  let depth = 1;
  const line = (text: string): void => void lines.push(`${'  '.repeat(depth)}${text}`);
  const groups = Array.from({ length: r.unsigned() }, () => 0).map(
    () => `${r.unsigned()} ${TYPES[r.byte()]}`,
  );
  if (groups.length > 0) line(`locals: ${groups.join(', ')}`);
  while (r.at < end) {
    const op = r.byte();
    const opening = OPENING[op];
    if (opening !== undefined) {
      if (r.byte() !== VOID_BLOCK) throw new RangeError(`${opening} with a type`);
      line(opening);
      depth++;
    } else if (op === 0x05) {
      depth--;
      line('else');
      depth++;
    } else if (op === 0x0b) {
      depth--;
      if (depth > 0) line('end');
    } else line(instruction(r, op));
  }
  return lines.join('\n');
}

/** @returns the bodies of all functions of a binary module, in order */
export function disassemble(bytes: Uint8Array): readonly string[] {
  const r = new Reader(bytes);
  r.at = 8;
  while (r.at < bytes.length) {
    const section = r.byte();
    const end = r.unsigned() + r.at;
    if (section === CODE_SECTION) {
      return Array.from({ length: r.unsigned() }, () => 0).map(() => {
        const length = r.unsigned();
        return body(r, r.at + length);
      });
    }
    r.at = end;
  }
  return [];
}
