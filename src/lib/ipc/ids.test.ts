/** Ids of System V IPC: rounds, places, and the id that was asked for. */
import { describe, expect, it } from 'vitest';
import { createIdSequence } from '../../contracts/ipc-ids.ts';
import { atPlace, highestPlace, newId } from './ids.ts';

const MOST = 32000;
const any = { nextId: -1 };

describe('ids of System V IPC', () => {
  it('goes round, and counts the rounds above the places', () => {
    const ids = createIdSequence();
    for (let i = 0; i < 64; i++) expect(newId(ids, any, [], MOST)).toBe(i);
    expect(newId(ids, any, [], MOST)).toBe(32768);
    expect(newId(ids, any, [1], MOST)).toBe(32768 + 2);
  });

  it('takes longer rounds where many are in use', () => {
    const ids = createIdSequence();
    const used: number[] = [];
    for (let i = 0; i < 200; i++) used.push(newId(ids, any, used, MOST));
    expect(new Set(used.map((id) => id % 32768)).size).toBe(200);
  });

  it('keeps below the most places that there may be', () => {
    const ids = createIdSequence();
    expect([0, 1, 2].map(() => newId(ids, any, [], 2))).toEqual([0, 1, 32768]);
  });

  it('gives the id that was asked for, once, or a place behind it', () => {
    const ids = createIdSequence();
    const settings = { nextId: 5 * 32768 + 7 };
    expect(newId(ids, settings, [], MOST)).toBe(5 * 32768 + 7);
    expect(settings.nextId).toBe(-1);
    expect(newId(ids, settings, [5 * 32768 + 7], MOST)).toBe(0);
    settings.nextId = 7;
    expect(newId(ids, settings, [5 * 32768 + 7], MOST)).toBe(8);
  });

  it('finds by place', () => {
    const objects = [{ id: 3 }, { id: 32768 + 9 }];
    expect(atPlace(objects, 9)).toBe(objects[1]);
    expect(atPlace(objects, 32768 + 3)).toBe(objects[0]);
    expect(atPlace(objects, 4)).toBeNull();
    expect([highestPlace(objects), highestPlace([])]).toEqual([9, 0]);
  });
});
