/**
 * Disassembler: instruction bits to text, by walking the tables.
 */
import { decode } from './decode.ts';
import type { Field } from './format.ts';

const X_NAMES =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
    ' ',
  );
const F_NAMES =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  );
const RM_NAMES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'rm5', 'rm6', 'dyn'];

function show(field: Field | undefined, value: number): string {
  if (field?.operand === 'rm') return RM_NAMES[value] ?? String(value);
  const names = field?.file === 'x' ? X_NAMES : field?.file === 'f' ? F_NAMES : null;
  return names?.[value] ?? String(value);
}

/** ABI name of an integer register. */
export const registerName = (x: number): string => X_NAMES[x] ?? `x${x}`;

/** One instruction as text; jumps and branches show their offset from the instruction. */
export function disassemble(word: number): string {
  const decoded = decode(word);
  if (decoded === null) return `.word 0x${(word >>> 0).toString(16)}`;
  const named = decoded.compressed ?? decoded.row;
  const format = named.format;
  const text = format.syntax.replace(/rd|rs[123]|imm|rm/g, (name) => {
    const key = name as keyof typeof decoded.operands;
    const field = format.fields.find((f) => f.operand === key);
    const value = decoded.operands[key];
    return field === undefined && key !== 'imm' && key !== 'rm' ? registerName(value) : show(field, value);
  });
  return text === '' ? named.mnemonic : `${named.mnemonic} ${text}`;
}
