/**
 * Correlations: what several matches say together.
 *
 * Groups are kept apart by the values of group-by; an event that lacks one of them belongs to no group and is not
 * counted. A correlation gives one finding for a group and window: when its condition first holds, and again only
 * for a window that ends more than a timespan later. Until then further hits are counted, and told when it closes.
 */

import { type CorrelatorState, type OpenFinding, Picture, stateOf, type Ticket } from './correlator-state.ts';
import { type Entry, keptText, keyText, measuredValue } from './measure.ts';
import type { CorrelationRule, Rule } from './rule.ts';
import type { LinkedCorrelation } from './ruleset.ts';
import { type Hit, Window, type WindowState } from './window.ts';

/**
 * Groups of all correlations together. 830 B each with one entry, so 83 MB. Past it the ones touched longest ago go,
 * counted.
 */
export const MAX_GROUPS = 100_000;
/** Entries of all groups together. 100 B each, so 100 MB. Past it groups go in the same way. */
const MAX_ENTRIES_TOGETHER = 1_000_000;

/**
 * With more groups than this, those that are over are looked for once in as many matches, and past the limit as many
 * go at once: a Map that is always added to at one end and taken from at the other is slow to find its first key.
 */
const SWEEP_MATCHES = 1_000;

/** Evidence kept of a correlation's hit when it feeds another correlation. */
const MAX_EVIDENCE = 100;

/** A detection rule that matched an event. */
export interface Match {
  readonly rule: Rule;
  /** A field of the event; undefined when it has none. */
  read(field: string): unknown;
}

export interface CorrelationHit {
  readonly rule: CorrelationRule;
  /** name=value of each group-by field. */
  readonly group: readonly string[];
  /** What was measured. */
  readonly value: number;
  readonly evidence: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  /** Given back in the update that closes the finding. */
  readonly ticket: Ticket;
}

/** A finding's window has closed. */
export interface Closed {
  readonly rule: CorrelationRule;
  readonly group: readonly string[];
  readonly findingUid: string;
  /** How often the condition held within the window, the finding included. */
  readonly count: number;
}

export interface CorrelationCounts {
  readonly groups: number;
  readonly evictedGroups: number;
  readonly droppedEntries: number;
  readonly lateMatches: number;
  readonly ungroupedMatches: number;
}

interface Group {
  /** Its place in the map: the values of group-by as they are remembered. */
  readonly key: string;
  /** As findings show them. */
  readonly values: readonly string[];
  readonly window: Window;
  open: OpenFinding | undefined;
  /** The last picture that has this group. */
  pictured: number;
}

interface Correlation extends LinkedCorrelation {
  readonly index: number;
  /** By the group's key; the one touched last stands last. */
  readonly groups: Map<string, Group>;
  /** Keys of groups with an open finding, the one that closes first standing first. */
  readonly openKeys: Set<string>;
  /** Entries of its groups. */
  entries: number;
}

export interface Limits {
  readonly maxGroups: number;
  readonly maxEntries: number;
}

export interface Correlator {
  /** Tells the correlator of every rule that matched one event; gives the correlations that fire on it. */
  feed(matches: readonly Match[], timeMs: number, uid: string): CorrelationHit[];
  /** Findings whose window ended before `nowMs` and that held more than once. */
  close(nowMs: number): Closed[];
  counts(): CorrelationCounts;
  /**
   * The window of the group of these values (as keptText makes them), and when its open finding was made; undefined
   * when there is none. For explain.
   */
  inspect(
    rule: CorrelationRule,
    kept: readonly string[],
  ): (WindowState & { readonly findingMs: number | undefined }) | undefined;
  snapshot(): CorrelatorState;
  /**
   * The same as JSON, a piece at a time, as it is when the first one is asked for: events may come between. One at a
   * time; it is ended (return) when the rest is not wanted.
   */
  snapshotText(): Generator<string, void>;
  /** Takes up a snapshot; what does not fit the rules of now is left out and counted. */
  restore(state: CorrelatorState): { readonly restored: number; readonly leftOut: number };
}

export function createCorrelator(
  linked: readonly LinkedCorrelation[],
  { maxGroups = MAX_GROUPS, maxEntries = MAX_ENTRIES_TOGETHER }: Partial<Limits> = {},
): Correlator {
  const correlations = linked.map((one, index): Correlation => {
    return { ...one, index, groups: new Map(), openKeys: new Set(), entries: 0 };
  });
  let picture: Picture | undefined;
  /** Where a rule's matches go: correlations in the order of the set, so that a chain is fed within one event. */
  const consumers = new Map<Rule, { readonly correlation: Correlation; readonly input: number }[]>();
  for (const correlation of correlations)
    for (const [input, rule] of correlation.inputs.entries())
      consumers.set(rule, [...(consumers.get(rule) ?? []), { correlation, input }]);
  let groups = 0;
  let entries = 0;
  let evictedGroups = 0;
  let matchesSinceSweep = 0;
  let droppedEntries = 0;
  let lateMatches = 0;
  let ungroupedMatches = 0;
  const closed: Closed[] = [];

  function groupOf(correlation: Correlation, key: string, values: readonly string[]): Group {
    const known = correlation.groups.get(key);
    if (known) {
      // The map keeps its order of insertion: taken out and put back, the group is the last to go.
      correlation.groups.delete(key);
      correlation.groups.set(key, known);
      return known;
    }
    const window = new Window(correlation.rule);
    const group: Group = { key, values, window, open: undefined, pictured: picture?.number ?? 0 };
    correlation.groups.set(key, group);
    groups += 1;
    return group;
  }

  function forget(correlation: Correlation, group: Group): void {
    correlation.groups.delete(group.key);
    correlation.openKeys.delete(group.key);
    groups -= 1;
    count(correlation, -group.window.size);
    closeOpen(correlation, group);
  }

  function count(correlation: Correlation, more: number): void {
    correlation.entries += more;
    entries += more;
  }

  function put(correlation: Correlation, group: Group, entry: Entry) {
    picture?.keep(group);
    const before = group.window.size;
    const added = group.window.add(entry);
    count(correlation, group.window.size - before);
    return added;
  }

  function closeOpen(correlation: Correlation, group: Group): void {
    const { open } = group;
    if (!open) return;
    picture?.keep(group);
    group.open = undefined;
    if (open.count < 2) return;
    closed.push({
      rule: correlation.rule,
      group: named(correlation.rule, group.values),
      findingUid: open.ticket.findingUid,
      count: open.count,
    });
  }

  /** Groups whose entries no window can reach any more go first; then, if there are too many, the oldest. */
  function makeRoom(correlation: Correlation, nowMs: number): void {
    matchesSinceSweep += 1;
    const isDue = correlation.groups.size <= SWEEP_MATCHES || matchesSinceSweep >= SWEEP_MATCHES;
    if (!isDue && groups <= maxGroups && entries <= maxEntries) return;
    matchesSinceSweep = 0;
    for (const group of correlation.groups.values()) {
      if (group.window.newestMs >= nowMs - 2 * correlation.rule.timespanMs) break;
      forget(correlation, group);
    }
    if (groups > maxGroups) {
      const wanted = withRoom(maxGroups);
      evict(correlations.reduce(largestBy(({ groups: { size } }) => size)), () => groups <= wanted);
    }
    if (entries > maxEntries) {
      const wanted = withRoom(maxEntries);
      evict(correlations.reduce(largestBy((one) => one.entries)), () => entries <= wanted);
    }
  }

  function evict(correlation: Correlation, isEnough: () => boolean): void {
    for (const group of correlation.groups.values()) {
      if (isEnough()) return;
      forget(correlation, group);
      evictedGroups += 1;
    }
  }

  function addTo(
    correlation: Correlation,
    input: number,
    match: Match,
    timeMs: number,
    evidence: string | readonly string[],
    counted: Set<string> | undefined,
  ): { hit: Hit; group: Group } | undefined {
    const values: string[] = [];
    const kept: string[] = [];
    for (const field of correlation.groupFields[input] ?? []) {
      const value = match.read(field);
      if (value === undefined || value === null) {
        ungroupedMatches += 1;
        return undefined;
      }
      values.push(keyText(value));
      kept.push(keptText(field, value));
    }
    const fields = correlation.measuredFields[input] ?? [];
    const measured = fields.map((field) => match.read(field));
    const value = fields.length === 0 ? undefined : measuredValue(correlation.rule, fields, measured);
    if (fields.length > 0 && value === undefined) return undefined;
    const key = kept.join('\0');
    if (counted?.has(key)) return undefined;
    counted?.add(key);
    const group = groupOf(correlation, key, values);
    const before = group.window.dropped;
    const added = put(correlation, group, { timeMs, input, evidence, value });
    droppedEntries += group.window.dropped - before;
    makeRoom(correlation, timeMs);
    if (added === 'late') {
      lateMatches += 1;
      return undefined;
    }
    return added.hit ? { hit: added.hit, group } : undefined;
  }

  /** Whether the hit opens a finding; if not it belongs to the one that is open. */
  function opens(correlation: Correlation, group: Group, hit: Hit): Ticket | undefined {
    const spanMs = correlation.rule.timespanMs;
    if (group.open && Math.abs(hit.timeMs - group.open.firedMs) <= spanMs) {
      group.open.count += 1;
      return undefined;
    }
    closeOpen(correlation, group);
    const ticket = { findingUid: '' };
    group.open = { ticket, firedMs: hit.timeMs, count: 1 };
    correlation.openKeys.delete(group.key);
    correlation.openKeys.add(group.key);
    return ticket;
  }

  return {
    feed(matches, timeMs, uid) {
      const hits: CorrelationHit[] = [];
      /** What reached each correlation on this event. */
      const waiting = new Map<
        Correlation,
        { input: number; match: Match; evidence: string | readonly string[] }[]
      >();
      const tell = (
        match: Match,
        evidence: string | readonly string[],
        wants: (one: Correlation) => boolean,
      ) => {
        for (const { correlation, input } of consumers.get(match.rule) ?? [])
          if (wants(correlation)) {
            const inputs = waiting.get(correlation) ?? [];
            inputs.push({ input, match, evidence });
            waiting.set(correlation, inputs);
          }
      };
      for (const match of matches) tell(match, uid, () => true);
      if (waiting.size === 0) return hits;
      for (const correlation of correlations) {
        const inputs = waiting.get(correlation);
        if (!inputs) continue;
        const inOrder = isTemporal(correlation);
        // Last step first, so that one event is never two steps of an order. What counts events counts one once a group.
        inputs.sort((one, other) => (inOrder ? other.input - one.input : one.input - other.input));
        const counted = inOrder || inputs.length === 1 ? undefined : new Set<string>();
        for (const { input, match, evidence } of inputs) {
          const added = addTo(correlation, input, match, timeMs, evidence, counted);
          if (!added) continue;
          const { hit, group } = added;
          const { rule } = correlation;
          const ticket = opens(correlation, group, hit);
          if (consumers.has(rule)) {
            const chained = chainedMatch(correlation, group, match);
            const all = evidenceOf(hit.entries(MAX_EVIDENCE)).slice(-MAX_EVIDENCE);
            // What counts hits takes each window once; what looks for a sequence wants to know each time it holds.
            tell(chained, all, (one) => ticket !== undefined || isTemporal(one));
          }
          if (!ticket) continue;
          const entries = hit.entries();
          hits.push({
            rule,
            group: named(rule, group.values),
            value: hit.value,
            evidence: evidenceOf(entries),
            firstMs: entries[0]?.timeMs ?? hit.timeMs,
            lastMs: hit.timeMs,
            ticket,
          });
        }
      }
      return hits;
    },

    close(nowMs) {
      for (const correlation of correlations)
        for (const key of correlation.openKeys) {
          const group = correlation.groups.get(key);
          if (group?.open && group.open.firedMs + correlation.rule.timespanMs >= nowMs) break;
          correlation.openKeys.delete(key);
          if (group) closeOpen(correlation, group);
        }
      return closed.splice(0);
    },

    counts: () => ({ groups, evictedGroups, droppedEntries, lateMatches, ungroupedMatches }),

    inspect(rule, kept) {
      const correlation = correlations.find((one) => one.rule === rule);
      const group = correlation?.groups.get(kept.join('\0'));
      return group && { ...group.window.state(), findingMs: group.open?.firedMs };
    },

    snapshot() {
      return {
        version: 1,
        correlations: correlations.map(({ rule, groups: all }) => ({
          fingerprint: fingerprintOf(rule),
          groups: [...all.values()].map(stateOf),
        })),
      };
    },

    *snapshotText() {
      const own = new Picture(
        correlations.map(({ rule, groups: all }) => ({
          fingerprint: fingerprintOf(rule),
          groups: [...all.values()],
        })),
      );
      picture = own;
      try {
        yield* own.text();
      } finally {
        if (picture === own) picture = undefined;
      }
    },

    restore(state) {
      const byFingerprint = new Map(correlations.map((one) => [fingerprintOf(one.rule), one]));
      let restored = 0;
      let leftOut = 0;
      for (const saved of state.correlations) {
        const correlation = byFingerprint.get(saved.fingerprint);
        if (!correlation) {
          leftOut += saved.groups.length;
          continue;
        }
        for (const { kept, entries, open } of saved.groups) {
          const key = kept.join('\0');
          const group = groupOf(correlation, key, kept);
          for (const [timeMs, input, evidence, value] of entries)
            put(correlation, group, { timeMs, input, evidence, value: value ?? undefined });
          if (open) {
            group.open = { ticket: { findingUid: open.uid }, firedMs: open.firedMs, count: open.count };
            correlation.openKeys.add(key);
          }
          restored += 1;
        }
      }
      return { restored, leftOut };
    },
  };
}

/** So far down to go once a limit is passed that the next match does not have to look for the oldest again. */
function withRoom(limit: number): number {
  return limit > SWEEP_MATCHES ? limit - SWEEP_MATCHES : limit;
}

function largestBy(sizeOf: (one: Correlation) => number) {
  return (most: Correlation, one: Correlation) => (sizeOf(one) > sizeOf(most) ? one : most);
}

function isTemporal({ rule }: Correlation): boolean {
  return rule.type === 'temporal' || rule.type === 'temporal_ordered';
}

/** A correlation's hit as an input of another: its group's values under their names, else the event that completed it. */
function chainedMatch(correlation: Correlation, group: Group, match: Match): Match {
  const { groupBy } = correlation.rule;
  return {
    rule: correlation.rule,
    read(field) {
      const place = groupBy.indexOf(field);
      return place >= 0 ? group.values[place] : match.read(field);
    },
  };
}

function evidenceOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.flatMap(({ evidence }) => evidence))];
}

function named(rule: CorrelationRule, values: readonly string[]): string[] {
  return rule.groupBy.map((name, index) => `${name}=${values[index] ?? ''}`);
}

/** Says whether saved windows still mean the same: the rule's own words, without where it stands. */
export function fingerprintOf(rule: CorrelationRule): string {
  const { id, name, title, type, rules, groupBy, timespanMs, fields, percentile, aliases } = rule;
  return JSON.stringify([
    id ?? name ?? title,
    type,
    rules.map(({ reference }) => reference),
    groupBy,
    timespanMs,
    fields,
    percentile ?? null,
    [...aliases].map(([alias, of]) => [alias, ...of]),
  ]);
}
