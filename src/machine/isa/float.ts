/**
 * RV64F and D.
 */
import { i64 } from '../wasm/expr.ts';
import * as F from './format.ts';
import { type Row, row } from './row.ts';
import { load, store } from './semantics.ts';

const BOX = i64.bits(-1, 0);

export const floatRows: readonly Row[] = [
  row(
    'flw',
    0x2007,
    0x707f,
    F.FLOAD,
    load(4, true, (at) => i64.or(i64.load32U(at), BOX), true),
  ),
  row(
    'fld',
    0x3007,
    0x707f,
    F.FLOAD,
    load(8, false, (at) => i64.load(at), true),
  ),
  row('fsw', 0x2027, 0x707f, F.FS, store(4, true)),
  row('fsd', 0x3027, 0x707f, F.FS, store(8, true)),
];
