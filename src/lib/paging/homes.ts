/**
 * Where pages have their homes: pages that lie one after the other have frames that do, where these are free.
 *
 * Then a physical address is the virtual one and a displacement that hardly ever changes, which an engine can guess before it has looked
 * (docs/decisions/translation.md, "Guesses"). A page that finds its home taken lies elsewhere, and costs no more than before.
 */
import { type MemoryLayout, PAGE_SIZE } from '../../machine/layout.ts';

/** What is far from any small number and from each other's multiples, so that spaces and files do not share homes. */
const SPACES_APART = 12_289;
const FILES_APART = 40_961;

const homeOf = ({ firstFrame, endFrame }: MemoryLayout, number: number): number =>
  firstFrame + (number % (endFrame - firstFrame));

/** The frame that a page of an address space is to have. @param va page aligned */
export const homeOfPage = (layout: MemoryLayout, space: number, va: number): number =>
  homeOf(layout, va / PAGE_SIZE + space * SPACES_APART);

/** The frame that a page of a file is to have. @param index of the page in the file */
export const homeInFile = (layout: MemoryLayout, inode: number, index: number): number =>
  homeOf(layout, inode * FILES_APART + index);
