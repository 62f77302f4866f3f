/**
 * The window of one group of a correlation: it slides, and ends at the newest entry.
 *
 * Two entries are in one window when no more than the timespan lies between them; exactly the timespan is within.
 * An entry that comes late is put where its time belongs, and every window it could complete is looked at again. For
 * that, entries are kept for two timespans; an entry older than the newest by more than one is too late.
 */

import { amountOf, createMeasure, type Entry, type Measure } from './measure.ts';
import type { CorrelationRule } from './rule.ts';

/**
 * Entries of one group. 100 B each, so 1 MB at the worst. Past it neighbours become one where they are added up, so a
 * sum stays whole; of other measures the oldest goes and is counted.
 */
export const MAX_ENTRIES = 10_000;

/**
 * Entries among which a late one is put in its place: for that, all of them are gone through again, 0.1 us each and
 * 0.8 us for a percentile. With more of them it counts from when it came.
 */
export const MAX_SORTED_ENTRIES = 1_000;

export interface Hit {
  /** Time of the entry that ends the window. */
  readonly timeMs: number;
  readonly value: number;
  /** What made it hold, oldest first. To be asked before the next entry is added. @param most only the newest of them */
  entries(most?: number): readonly Entry[];
}

export interface WindowState {
  readonly entries: readonly Entry[];
  readonly value: number;
  readonly holds: boolean;
}

export type Added = { readonly hit: Hit | undefined } | 'late';

export class Window {
  private readonly rule: CorrelationRule;
  private readonly spanMs: number;
  private entries: Entry[] = [];
  /** Entries before this place are forgotten; they leave the list together, so that it is moved seldom. */
  private forgotten = 0;
  /** Entries before this place have left the window and wait for late ones. */
  private start = 0;
  private measure: Measure;
  newestMs = Number.NEGATIVE_INFINITY;
  /** Entries that had to go before their time. */
  dropped = 0;

  constructor(rule: CorrelationRule) {
    this.rule = rule;
    this.spanMs = rule.timespanMs;
    this.measure = createMeasure(rule);
  }

  get size(): number {
    return this.entries.length - this.forgotten;
  }

  add(entry: Entry): Added {
    if (entry.timeMs < this.newestMs - this.spanMs) return 'late';
    if (entry.timeMs >= this.newestMs) return { hit: this.append(entry) };
    if (this.size < MAX_SORTED_ENTRIES) return { hit: this.insert(entry) };
    return { hit: this.append({ ...entry, timeMs: this.newestMs }) };
  }

  /** What the window holds and measures now, for explain. */
  state(): WindowState {
    const sinceMs = this.newestMs - this.spanMs;
    return {
      entries: this.entries.slice(this.start),
      value: this.measure.value(sinceMs),
      holds: this.measure.holds(sinceMs),
    };
  }

  /** Everything kept, oldest first, for a snapshot. */
  kept(): readonly Entry[] {
    this.compact();
    return this.entries;
  }

  private append(entry: Entry): Hit | undefined {
    this.newestMs = entry.timeMs;
    // An empty list that is added to makes room for 17; most groups never have more than one entry.
    if (this.entries.length === 0) this.entries = [entry];
    else this.entries.push(entry);
    this.measure.add(entry);
    this.slide();
    if (!this.measure.holds(this.newestMs - this.spanMs)) return undefined;
    return this.hit(this.measure, entry.timeMs, this.start, this.entries.length);
  }

  private slide(): void {
    const sinceMs = this.newestMs - this.spanMs;
    for (
      let first = this.entries[this.start];
      first && first.timeMs < sinceMs;
      first = this.entries[this.start]
    ) {
      this.measure.remove(first);
      this.start += 1;
    }
    this.shorten();
  }

  /** Forgets entries that no late one can need, and those past the limit. */
  private shorten(): void {
    const oldestMs = this.newestMs - 2 * this.spanMs;
    let gone = this.forgotten;
    while (gone < this.start && (this.entries[gone]?.timeMs ?? 0) < oldestMs) gone += 1;
    if (this.entries.length - gone > MAX_ENTRIES && isAddedUp(this.rule)) {
      this.forgotten = gone;
      this.pair();
      return;
    }
    gone = Math.max(gone, this.entries.length - MAX_ENTRIES);
    for (; this.start < gone; this.start += 1) {
      const entry = this.entries[this.start];
      if (entry) this.measure.remove(entry);
      this.dropped += 1;
    }
    this.forgotten = gone;
    if (gone * 2 > this.entries.length) this.compact();
  }

  private compact(): void {
    this.entries.splice(0, this.forgotten);
    this.start -= this.forgotten;
    this.forgotten = 0;
  }

  /** Half as many entries, of the same sum. Those of the window and those before it stay apart. */
  private pair(): void {
    this.compact();
    const before = paired(this.entries.slice(0, this.start));
    const within = paired(this.entries.slice(this.start));
    this.entries = [...before, ...within];
    this.start = before.length;
    this.measure = createMeasure(this.rule);
    for (const entry of within) this.measure.add(entry);
  }

  /** Puts a late entry in its place and looks at every window from it on; the first that holds is the hit. */
  private insert(entry: Entry): Hit | undefined {
    this.compact();
    let place = this.entries.length;
    while (place > 0 && (this.entries[place - 1]?.timeMs ?? 0) > entry.timeMs) place -= 1;
    this.entries.splice(place, 0, entry);
    const measure = createMeasure(this.rule);
    let from = 0;
    let hit: Hit | undefined;
    for (const [index, one] of this.entries.entries()) {
      measure.add(one);
      const sinceMs = one.timeMs - this.spanMs;
      for (let first = this.entries[from]; first && first.timeMs < sinceMs; first = this.entries[from]) {
        measure.remove(first);
        from += 1;
      }
      if (
        hit === undefined &&
        index >= place &&
        one.timeMs - entry.timeMs <= this.spanMs &&
        measure.holds(sinceMs)
      )
        hit = settled(this.hit(measure, one.timeMs, from, index + 1));
    }
    this.measure = measure;
    this.start = from;
    this.shorten();
    return hit;
  }

  private hit(measure: Measure, timeMs: number, from: number, to: number): Hit {
    const sinceMs = timeMs - this.spanMs;
    return {
      timeMs,
      value: measure.value(sinceMs),
      entries: (most = MAX_ENTRIES) =>
        measure.chain?.(sinceMs).slice(-most) ?? this.entries.slice(Math.max(from, to - most), to),
    };
  }
}

function isAddedUp({ type }: CorrelationRule): boolean {
  return type === 'event_count' || type === 'value_sum';
}

/** Neighbours as one: at the time of the later, with the evidence of the larger. */
function paired(entries: readonly Entry[]): Entry[] {
  const pairs: Entry[] = [];
  for (let at = 0; at < entries.length; at += 2) {
    const [one, other] = [entries[at], entries[at + 1]];
    if (one && other) {
      const larger = amountOf(one) > amountOf(other) ? one : other;
      pairs.push({ ...larger, timeMs: other.timeMs, value: amountOf(one) + amountOf(other) });
    } else if (one) pairs.push(one);
  }
  return pairs;
}

/** A hit whose entries are taken now: the look at later windows goes on. */
function settled(hit: Hit): Hit {
  const entries = hit.entries();
  return { ...hit, entries: (most = MAX_ENTRIES) => entries.slice(-most) };
}
