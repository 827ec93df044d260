/** Half 1 of the sweep: each cell at every entry and at every thousandth, by reference and as bytes. */
import { sweepCells } from './sweep-cells.ts';

sweepCells(1, 2);
