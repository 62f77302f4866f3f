/**
 * Baselines: what is usual for one AI agent of one user, hour by hour, and what goes far beyond it.
 *
 * Only hours in which the agent did something are learned from. A measure speaks once it was learned from MIN_PERIODS
 * such hours on MIN_DAYS days. It then speaks once an hour, when the hour goes past LIMIT_FACTOR times the highest hour
 * learned, and past a floor below which nothing is worth a look. Time is the events' own, so a replay learns the same.
 */

import { keyText } from './measure.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Hours with work in them remembered for each measure: a month of working days. The oldest goes. */
export const MAX_PERIODS = 168;
export const MIN_PERIODS = 20;
export const MIN_DAYS = 5;
/** How far beyond the highest hour learned. */
export const LIMIT_FACTOR = 3;
/**
 * An hour past the limit is learned as this many times the highest: a new habit is told of for some hours and then
 * known, and one wild hour does not make the next one usual.
 */
const LEARNED_FACTOR = 1.5;
/** Pairs of agent and user. 14 kB each when full; past it the one that acted longest ago is forgotten. */
const MAX_SUBJECTS = 256;
/** Destinations remembered for each pair; past it the one used longest ago is new again. */
const MAX_DESTINATIONS = 512;
/** Events named as what made the difference, the largest first. */
const MAX_EVIDENCE = 20;

export const MEASURES = ['bytes_read', 'bytes_sent', 'tokens', 'destinations'] as const;
export type Measured = (typeof MEASURES)[number];

/** Hours below it are never worth a look, whatever was learned. */
export const FLOORS: Readonly<Record<Measured, number>> = {
  bytes_read: 50_000_000,
  bytes_sent: 5_000_000,
  tokens: 200_000,
  destinations: 0,
};

/** One event's part of a measure. */
export interface Observation {
  readonly subject: string;
  readonly timeMs: number;
  readonly uid: string;
  readonly measure: Measured;
  /** What it adds; for destinations nothing is added, `destination` counts when it is new. */
  readonly amount: number;
  readonly destination?: string;
}

export interface Exceeded {
  readonly measure: Measured;
  readonly value: number;
  /** The middle of the hours learned. */
  readonly expected: number;
  readonly limit: number;
  readonly periods: number;
  /** Uids of the events with the largest part of this hour. */
  readonly evidence: readonly string[];
}

interface Hour {
  readonly number: number;
  readonly sums: Record<Measured, number>;
  readonly told: Set<Measured>;
  readonly largest: Record<Measured, { readonly uid: string; readonly amount: number }[]>;
}

interface Subject {
  /** For each measure the sums of past hours, oldest first. */
  readonly learned: Record<Measured, number[]>;
  /** Days (since the epoch) of those hours, the newest MAX_PERIODS hours' worth. */
  readonly days: number[];
  /** By name; the one used last stands last. */
  readonly destinations: Map<string, true>;
  hour: Hour;
}

/** Plain data, so that it can be written as JSON. */
export interface BaselineState {
  readonly version: 1;
  readonly subjects: readonly {
    readonly subject: string;
    readonly learned: Readonly<Record<Measured, readonly number[]>>;
    readonly days: readonly number[];
    readonly destinations: readonly string[];
    readonly hour: number;
    readonly sums: Readonly<Record<Measured, number>>;
    readonly told: readonly Measured[];
  }[];
}

export interface Baselines {
  observe(observation: Observation): Exceeded | undefined;
  /** Observations so far. */
  changes(): number;
  /** A copy: what is observed after it is not in it. */
  snapshot(): BaselineState;
  restore(state: BaselineState): void;
}

export function createBaselines(): Baselines {
  /** The one that acted last stands last. */
  const subjects = new Map<string, Subject>();
  let changes = 0;

  function subjectOf(name: string, hour: number): Subject {
    const key = keyText(name);
    const known = subjects.get(key);
    if (known) {
      subjects.delete(key);
      subjects.set(key, known);
      return known;
    }
    const subject: Subject = {
      learned: { bytes_read: [], bytes_sent: [], tokens: [], destinations: [] },
      days: [],
      destinations: new Map(),
      hour: newHour(hour),
    };
    subjects.set(key, subject);
    if (subjects.size > MAX_SUBJECTS)
      for (const oldest of [...subjects.keys()].slice(0, 1)) subjects.delete(oldest);
    return subject;
  }

  return {
    observe({ subject: name, timeMs, uid, measure, amount, destination }) {
      changes += 1;
      const number = Math.floor(timeMs / HOUR_MS);
      const subject = subjectOf(name, number);
      // What comes late counts to the hour that runs: it is seconds late, and an hour is what is compared.
      if (number > subject.hour.number) {
        learn(subject);
        subject.hour = newHour(number);
      }
      const added = destination === undefined ? amount : Number(isNew(subject, keyText(destination)));
      const { sums, told } = subject.hour;
      sums[measure] += added;
      if (added > 0) keepLargest(subject.hour.largest[measure], { uid, amount: added });
      if (told.has(measure) || !knowsEnough(subject)) return undefined;
      const limit = limitOf(subject, measure);
      if (sums[measure] <= limit) return undefined;
      told.add(measure);
      const evidence = subject.hour.largest[measure].map((one) => one.uid);
      return {
        measure,
        value: sums[measure],
        expected: measure === 'destinations' ? 0 : median(subject.learned[measure]),
        limit,
        periods: subject.learned[measure].length,
        evidence: evidence.includes(uid) ? evidence : [...evidence, uid],
      };
    },

    changes: () => changes,

    snapshot: () => ({
      version: 1,
      subjects: [...subjects].map(([subject, { learned, days, destinations, hour }]) => ({
        subject,
        learned: mapMeasures((measure) => [...learned[measure]]),
        days: [...days],
        destinations: [...destinations.keys()],
        hour: hour.number,
        sums: { ...hour.sums },
        told: [...hour.told],
      })),
    }),

    restore(state) {
      for (const saved of state.subjects.slice(-MAX_SUBJECTS)) {
        const hour = newHour(saved.hour);
        Object.assign(hour.sums, saved.sums);
        for (const measure of saved.told) hour.told.add(measure);
        const learned = mapMeasures((measure) => (saved.learned[measure] ?? []).slice(-MAX_PERIODS));
        const destinations = new Map(
          saved.destinations.slice(-MAX_DESTINATIONS).map((one) => [one, true as const]),
        );
        subjects.set(saved.subject, {
          learned,
          days: [...saved.days].slice(-MAX_PERIODS),
          destinations,
          hour,
        });
      }
    },
  };
}

function mapMeasures(valuesOf: (measure: Measured) => number[]): Record<Measured, number[]> {
  return Object.fromEntries(MEASURES.map((measure) => [measure, valuesOf(measure)])) as Record<
    Measured,
    number[]
  >;
}

function newHour(number: number): Hour {
  return {
    number,
    sums: { bytes_read: 0, bytes_sent: 0, tokens: 0, destinations: 0 },
    told: new Set(),
    largest: { bytes_read: [], bytes_sent: [], tokens: [], destinations: [] },
  };
}

/** The hour is over: its sums become what is known. */
function learn(subject: Subject): void {
  const { hour, learned, days } = subject;
  for (const measure of MEASURES) {
    const known = learned[measure];
    const most = LEARNED_FACTOR * Math.max(highest(known), FLOORS[measure]);
    known.push(hour.told.has(measure) ? Math.min(hour.sums[measure], most) : hour.sums[measure]);
    if (known.length > MAX_PERIODS) known.shift();
  }
  days.push(Math.floor((hour.number * HOUR_MS) / DAY_MS));
  if (days.length > MAX_PERIODS) days.shift();
}

function knowsEnough({ days }: Subject): boolean {
  return days.length >= MIN_PERIODS && new Set(days).size >= MIN_DAYS;
}

/** A destination is new or it is not; of what is measured in numbers some more than ever is still usual. */
function limitOf({ learned }: Subject, measure: Measured): number {
  if (measure === 'destinations') return 0;
  return Math.max(FLOORS[measure], LIMIT_FACTOR * highest(learned[measure]));
}

function isNew({ destinations }: Subject, name: string): boolean {
  const known = destinations.delete(name);
  destinations.set(name, true);
  if (destinations.size > MAX_DESTINATIONS)
    for (const oldest of [...destinations.keys()].slice(0, 1)) destinations.delete(oldest);
  return !known;
}

function keepLargest(
  largest: { readonly uid: string; readonly amount: number }[],
  one: { readonly uid: string; readonly amount: number },
): void {
  if (largest.length === MAX_EVIDENCE && one.amount <= (largest.at(-1)?.amount ?? 0)) return;
  largest.push(one);
  largest.sort((first, second) => second.amount - first.amount);
  if (largest.length > MAX_EVIDENCE) largest.pop();
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
