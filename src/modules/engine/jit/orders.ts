/**
 * Regions that another thread of the host is writing, while the programs go on.
 *
 * What a region was found in may change meanwhile: it is stale then, and what comes for it is thrown away.
 */
import type { Beside } from '../../../contracts/beside.ts';
import { WRITE_REGIONS } from './beside.ts';
import type { Wanted } from './demand.ts';
import type { Conditions, Job, Request, Text } from './region.ts';
import type { PageOfCode } from './code.ts';
import type { Listing } from './listing.ts';

export interface Region {
  readonly root: number;
  readonly isPart: boolean;
  readonly pages: readonly PageOfCode[];
  readonly listing: Listing;
}

/** A region that was found and is to be written. */
export interface Found {
  readonly region: Region;
  readonly job: Job;
}

export interface Orders {
  isAny(): boolean;
  isUnderWay(root: number): boolean;
  /** What is wanted is under way already, but perhaps not as it is wanted now: ask `want` again when it has come. */
  wantLater(want: Wanted): void;
  /** @returns false if there is no other thread: the caller is to write them itself */
  place(found: readonly Found[], conditions: Conditions): boolean;
  /** What has come, without what is stale; null if nothing has. */
  come(): readonly (readonly [Region, Text])[] | null;
  /** What was found in a frame is stale. */
  dropFrame(frame: number): void;
  /** All that is under way is stale. */
  clear(): void;
}

interface Order {
  readonly found: readonly Found[];
  readonly stale: Set<Found>;
}

/** @param wantAgain is told what was to wait */
export function createOrders(
  beside: Beside | null,
  wantAgain: (root: number, isPart: boolean) => void,
): Orders {
  const orders = new Map<number, Order>();
  const underWay = new Map<number, boolean>();
  const later = new Map<number, Wanted>();
  let isGone = beside === null;

  const end = (): void => {
    orders.clear();
    underWay.clear();
    later.clear();
  };

  return {
    isAny: () => orders.size > 0,
    isUnderWay: (root) => underWay.has(root),
    wantLater(want) {
      if (want.again || want.isPart !== underWay.get(want.root)) later.set(want.root, want);
    },
    place(found, conditions) {
      if (beside === null || isGone) return false;
      if (found.length === 0) return true;
      const request: Request = { conditions, jobs: found.map(({ job }) => job) };
      orders.set(beside.ask(WRITE_REGIONS, request), { found, stale: new Set() });
      for (const { region } of found) underWay.set(region.root, region.isPart);
      return true;
    },
    come() {
      if (beside === null || orders.size === 0) return null;
      for (let answer = beside.answer(); answer !== null; answer = beside.answer()) {
        const order = orders.get(answer.id);
        if (order === undefined) continue;
        orders.delete(answer.id);
        if (answer.value === null) {
          // What failed once is done here from now on.
          isGone = true;
          end();
          return [];
        }
        const texts = answer.value as readonly Text[];
        for (const { region } of order.found) {
          underWay.delete(region.root);
          const want = later.get(region.root);
          later.delete(region.root);
          if (want !== undefined) wantAgain(want.root, want.isPart);
        }
        return order.found.flatMap((one, i) =>
          order.stale.has(one) ? [] : [[one.region, texts[i] as Text] as const],
        );
      }
      return null;
    },
    dropFrame(frame) {
      for (const { found, stale } of orders.values()) {
        for (const one of found)
          if (one.region.pages.some(([, page]) => page >>> 12 === frame)) stale.add(one);
      }
    },
    clear: end,
  };
}
