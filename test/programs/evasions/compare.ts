/** Compares what a program says it did with what the sensor reported. */

import type { SensorEvent } from '../../../sensors/event.ts';
import type { SensorTier } from '../../../sensors/sensor.ts';
import { fieldsOf, type Value } from './fields.ts';
import type { Act } from './told.ts';

/**
 * seen: an event of that process has every field as it truly was. cut: the same, but the event says itself that a
 * field was cut to fit. claimed: the event says itself that its path is only the caller's word; all that it tells is
 * true, but it may not know which file the path led to.
 */
export type State = 'seen' | 'claimed' | 'cut' | 'not_seen';

/** The tiers the table has a column for. */
export type Tier = Exclude<SensorTier, 'replay'>;

/** From best to worst: an evasion with several acts of one kind counts as the worst of them. */
const ORDER: readonly State[] = ['seen', 'cut', 'claimed', 'not_seen'];

/** Lines; a storm of processes would tell thousands. */
const MAX_EXPLAINED = 40;

/** The state of each kind of act that a program told. */
export function statesOf(did: readonly Act[], events: readonly SensorEvent[]): Map<string, State> {
  const states = new Map<string, State>();
  for (const act of did) {
    const state = best(events.map((event) => stateBy(act, event)));
    const before = states.get(act.act) ?? 'seen';
    states.set(act.act, ORDER.indexOf(state) > ORDER.indexOf(before) ? state : before);
  }
  return states;
}

/** What each act that is not simply seen said, and what the events of its process say: for the message of a test. */
export function explain(did: readonly Act[], events: readonly SensorEvent[]): string {
  const lines: string[] = [];
  for (const act of did) {
    const state = best(events.map((event) => stateBy(act, event)));
    if (state === 'seen' || lines.length >= MAX_EXPLAINED) continue;
    lines.push(`told  ${act.act} of ${act.pid}: ${shown(Object.fromEntries(act.fields))} is ${state}`);
    for (const event of [...ofProcess(events, act.pid), ...events]) {
      const fields = fieldsOf(event, act.act);
      if (fields && 'process' in event)
        lines.push(`  seen ${event.kind} of ${event.process.pid}: ${shown(fields)}`);
    }
  }
  return lines.slice(0, MAX_EXPLAINED).join('\n');
}

/** Those that ought to tell of the act come first, as only so many lines are shown. */
function ofProcess(events: readonly SensorEvent[], pid: number): SensorEvent[] {
  return events.filter((event) => 'process' in event && event.process.pid === pid);
}

function shown(fields: Readonly<Record<string, Value>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${JSON.stringify(String(value).slice(0, 200))}`)
    .join(' ');
}

function best(states: readonly State[]): State {
  return ORDER.find((state) => states.includes(state)) ?? 'not_seen';
}

/** How well one event tells of one act. What it cannot know it may leave out; what it says must be true. */
function stateBy(act: Act, event: SensorEvent): State {
  if (!('process' in event) || event.process.pid !== act.pid) return 'not_seen';
  const fields = fieldsOf(event, act.act);
  if (!fields) return 'not_seen';
  const cut = 'cut' in event ? event.cut : [];
  let state: State = isClaim(event) ? 'claimed' : 'seen';
  for (const [name, truth] of act.fields) {
    if (name === 'not_before_ns') {
      if (event.bootNs < BigInt(Number(truth))) return 'not_seen';
    } else if (name === 'not_after_ns') {
      if (event.bootNs > BigInt(Number(truth))) return 'not_seen';
    } else if (name === 'path' && cut.includes('path') && isPartOf(fields[name], truth)) {
      state = state === 'seen' ? 'cut' : state;
    } else if (state === 'claimed' && isIdentity(name) && fields[name] === undefined) {
      // Whoever knows only the caller's word cannot know which file it led to.
    } else if (!isSame(fields[name], truth)) {
      return 'not_seen';
    }
  }
  return state;
}

/** Told by what the caller wrote. */
function isClaim(event: SensorEvent): boolean {
  if (event.kind === 'network.connect') return event.transport === 'vsock';
  return 'pathBasis' in event && event.pathBasis === 'claimed';
}

function isIdentity(name: string): boolean {
  return name === 'device' || name === 'inode';
}

function isSame(value: Value, truth: number | Buffer): boolean {
  if (value === undefined) return false;
  if (typeof truth === 'number') return !Buffer.isBuffer(value) && Number(value) === truth;
  return Buffer.isBuffer(value) ? value.equals(truth) : String(value) === truth.toString('latin1');
}

/** A cut path keeps its beginning or its end. */
function isPartOf(value: Value, truth: number | Buffer): boolean {
  if (!Buffer.isBuffer(value) || !Buffer.isBuffer(truth) || value.length === 0) return false;
  const end = truth.subarray(truth.length - value.length);
  return truth.subarray(0, value.length).equals(value) || end.equals(value);
}
