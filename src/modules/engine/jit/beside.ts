/**
 * What another thread of the host does for this engine (contracts/beside.ts).
 */
import { type Request, type Text, writeJobs } from './region.ts';

export const WRITE_REGIONS = 'jit regions';

export const FUNCTIONS: Readonly<Record<typeof WRITE_REGIONS, (request: Request) => readonly Text[]>> = {
  [WRITE_REGIONS]: writeJobs,
};
