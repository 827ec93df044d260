/** Half 2 of the sweep: each cell at every entry and at every thousandth, by reference and as bytes. */
import { sweepCells } from './sweep-cells.ts';

sweepCells(2, 2);
