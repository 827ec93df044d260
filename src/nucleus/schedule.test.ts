import { describe, expect, it } from 'vitest';
import { PlanError, parsePlan, Schedule } from './schedule.ts';

describe('parsePlan', () => {
  it('reads every form of WHEN', () => {
    expect(parsePlan('vm=cow')).toEqual({ slot: 'vm', name: 'cow', when: null });
    expect(parsePlan('vm=cow@200ms').when).toEqual({ kind: 'once', unit: 'ns', at: 200e6 });
    expect(parsePlan('vm=cow@1000entries').when).toEqual({ kind: 'once', unit: 'entries', at: 1000 });
    expect(parsePlan('vm=cow@every:5ms').when).toEqual({ kind: 'every', unit: 'ns', at: 5e6 });
    expect(parsePlan('vm=./my@2/m.mjs@every:1entries')).toEqual({
      slot: 'vm',
      name: './my@2/m.mjs',
      when: { kind: 'every', unit: 'entries', at: 1 },
    });
  });

  it.each(['', 'vm', 'nosuch=x', 'vm=', 'vm=cow@', 'vm=cow@soon', 'vm=cow@-1ms', 'vm=cow@every:0entries'])(
    'refuses %j with a sentence',
    (text) => {
      expect(() => parsePlan(text)).toThrow(PlanError);
    },
  );
});

describe('Schedule', () => {
  it('is due once at its entry, and never again', () => {
    const schedule = new Schedule();
    schedule.add(parsePlan('vm=cow@10entries'), 3, 0);
    expect(schedule.nextEntry).toBe(10);
    expect(schedule.due(9, 0)).toEqual([]);
    expect(schedule.due(10, 0).map(({ turn }) => turn)).toEqual([0]);
    expect(schedule.nextEntry).toBe(Number.POSITIVE_INFINITY);
    expect(schedule.due(1000, 1e12)).toEqual([]);
  });

  it('counts the turns of a repeated plan from when it was added, and skips what was missed', () => {
    const schedule = new Schedule();
    schedule.add(parsePlan('vm=cow@every:100ns'), 0, 1000);
    expect(schedule.nextTime).toBe(1100);
    expect(schedule.due(0, 1100).map(({ turn }) => turn)).toEqual([0]);
    expect(schedule.due(0, 1450).map(({ turn }) => turn)).toEqual([1]);
    expect(schedule.nextTime).toBe(1500);
  });
});
