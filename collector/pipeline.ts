/**
 * Joins the seven stages: sensor → attribute → enrich → decide → detect → redact → seal; the log is what ship reads.
 *
 * What the sensor hands over goes through in one turn of the event loop, but for events that wait for a hash: they
 * come later, on their own. Every event passes each stage once, and none is written before it was redacted.
 */

import { join } from 'node:path';
import type { ProcessRef, SensorEvent, SessionTag } from '../sensors/event.ts';
import type { Coverage, Sensor } from '../sensors/sensor.ts';
import type { Attribute } from './attribute/attribute.ts';
import { createAttribute } from './attribute/attribute.ts';
import { HANDOVER_COVERAGE } from './attribute/coverage.ts';
import type { Program } from './attribute/processes.ts';
import type { WrittenFile } from './attribute/written-files.ts';
import { openWrittenJournal, type WrittenJournal } from './attribute/written-journal.ts';
import { createDecide } from './decide/decide.ts';
import { createEnrich, type HashLimits } from './enrich/enrich.ts';
import { type Event, SEVERITY } from './event.ts';
import { createHealth } from './health.ts';
import { maskText } from './redact/mask.ts';
import { createRedact } from './redact/redact.ts';
import type { SessionFinder } from './session/finder.ts';
import type { Session, SessionPlan } from './session/session.ts';
import { createSummary, type Summary, type Summing, type ToldEvent } from './session/summary.ts';
import { tagTree } from './session/tag-tree.ts';
import type { Stage } from './stage.ts';
import { newUid } from './uid.ts';

/** At the end, events that still wait for a hash leave without one after this: long enough to find out what hangs. */
const HASH_PATIENCE_MS = 8_000;

export interface PipelineOptions {
  readonly sensor: Sensor;
  readonly detect: Stage<Event, Event>;
  /** What the rules in force say of themselves, for sensor.health. */
  readonly detectHealth?: () => Event['attributes'];
  /** How far behind the receivers are, for sensor.health. */
  readonly shipHealth?: () => Event['attributes'];
  /** Takes the events for good. What it throws is kept for {@link Pipeline.refused}: the rest of a batch is sealed. */
  readonly seal: (batch: readonly Event[]) => void;
  /** Sees events after they were redacted and sealed; for traces and the console. */
  readonly watchers?: readonly ((batch: readonly Event[]) => void)[];
  readonly hashLimits?: HashLimits;
  /** Who says which programs begin a session; without one, sessions are those announced or recorded. */
  readonly finder?: SessionFinder;
  /** Keeps there which files sessions wrote; without one, a restart forgets them. */
  readonly handoverDirectory?: string;
  /** Who keeps account of what was handed over, for a watch that outlives its collector. */
  readonly account?: Account;
  /** Whether an event was told by an earlier collector: it is passed over. */
  readonly isTold?: (event: Event) => boolean;
}

export interface Account {
  /** Of one batch of the sensor's: all its events, and those that were sealed at once; the others come late. */
  taken(events: readonly Event[], ready: readonly Event[]): void;
  late(events: readonly Event[]): void;
}

export interface SessionEnd {
  /** When, Unix epoch nanoseconds: handing over what was seen until then takes time of its own. Undefined: now. */
  readonly timeNs?: bigint;
  /** The root's exit code, 128 and the signal's number when a signal ended it; undefined when it still runs. */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the root. */
  readonly exitSignal?: string | undefined;
  /** Processes of the session that go on without a watcher. */
  readonly remainingPids: readonly number[];
}

export interface Pipeline {
  /** Starts the sensor, and says what it can and cannot see. */
  start(): void;
  plan(session: SessionPlan): void;
  /** Takes back the plan of a session that never began. */
  unplan(tag: SessionTag): void;
  /** Begins a session with a process that runs already. */
  adopt(plan: SessionPlan, root: ProcessRef): void;
  /** Goes on with a session that an earlier collector began. @param told its events so far, from the log */
  resume(session: Session, told: Summing): void;
  /** Hands over everything seen before this call, hashes included (or given up). */
  flush(): Promise<void>;
  /** Closes a session with its summary. Undefined when no program of it was ever seen. Call flush() before. */
  endSession(tag: SessionTag, end: SessionEnd): Summary | undefined;
  sessions(): Session[];
  /** The session of a tag, those of suspects that were joined to it too. */
  sessionOf(tag: SessionTag): Session | undefined;
  /** The program a process runs, as far as it is known. */
  program(process: ProcessRef): Program | undefined;
  /** The file at a path, or the last one below it, that a session was seen to write. */
  written(path: string): WrittenFile | undefined;
  /** What a live session did so far. */
  summary(session: Session): Summary | undefined;
  /** Takes an event of Spoor's own; it passes all later stages. */
  tell(event: Event): void;
  /** Judges what the seal told of itself and has sealed already, and sums it up; what is found of it is sealed too. */
  judge(sealed: readonly Event[]): void;
  /** What the seal would not take, worded as it was told; such events are gaps in the log. */
  refused(): readonly string[];
  /** Hashing threads that a file system holds: an ordinary exit of this process would wait for it. */
  hanging(): number;
  /** Stops the sensor; hands over the rest. */
  stop(): Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { sensor, detect, seal, watchers = [], account, isTold } = options;
  const journal = openJournal(options.handoverDirectory);
  const attribute: Attribute = createAttribute(sensor.facts, () => sensor.wallOffsetNs(), {
    finder: options.finder,
    follow: (pid, tag) => tagTree(sensor, pid, tag),
    writtenFiles: journal,
  });
  const enrich = createEnrich(finishLate, options.hashLimits);
  const decide = createDecide();
  const redact = createRedact();
  const summaries = new Map<string, Summing>();
  const refusals = new Set<string>();
  let isStopped = false;
  const health = createHealth({
    sensor,
    more: () => ({ ...options.detectHealth?.(), ...options.shipHealth?.() }),
    tell: (attributes, severity) => finish([{ ...ownEvent('sensor.health', attributes), severity }]),
  });

  function openJournal(directory: string | undefined): WrittenJournal | undefined {
    if (directory === undefined) return undefined;
    return openWrittenJournal(
      join(directory, 'written-files.jsonl'),
      () => attribute.writtenFiles(),
      ({ message }) =>
        tellCoverageOf([
          {
            subject: 'session.handover by a file, after a restart',
            state: 'not_seen',
            reason: `the files that sessions wrote could not be kept: ${message}; mend the disk`,
          },
        ]),
      maskText,
    );
  }

  function take(batch: SensorEvent[]): void {
    const events = attribute.stage(batch);
    const untold = isTold ? events.filter((event) => !isTold(event)) : events;
    const ready = enrich.stage(untold);
    finish(ready);
    account?.taken(untold, ready);
  }

  function finishLate(batch: Event[]): void {
    finish(batch);
    account?.late(batch);
  }

  /** The way of events that need nothing more from outside. */
  function finish(batch: Event[]): void {
    if (batch.length === 0) return;
    attribute.finished(batch);
    const events = redact(detect(decide(batch)));
    hand(events);
    sumUp(events);
  }

  function judge(sealed: readonly Event[]): void {
    sumUp(sealed);
    // What the log tells as it closes cannot be followed by anything.
    if (isStopped) return;
    const found = detect([...sealed]).filter((event) => !sealed.includes(event));
    if (found.length === 0) return;
    const events = redact(found);
    hand(events);
    sumUp(events);
  }

  /** The last of an event's way. */
  function hand(events: readonly Event[]): void {
    try {
      seal(events);
    } catch (error) {
      refusals.add(error instanceof Error ? error.message : String(error));
    }
    for (const watch of watchers) watch(events);
  }

  /** What the sensor was blind to when a session begins. */
  let lastHealth: ToldEvent | undefined;

  function sumUp(events: readonly Event[]): void {
    for (const event of events) {
      const told: ToldEvent = {
        eventName: event.name,
        timeNs: event.timeNs,
        attributes: event.attributes as Record<string, unknown>,
      };
      const id = event.attributes['session.id'];
      if (id === undefined) {
        if (event.name === 'sensor.health') lastHealth = told;
        if (event.name === 'sensor.gap' || event.name === 'sensor.health')
          for (const summing of summaries.values()) summing.add(told);
        continue;
      }
      let summing = summaries.get(id);
      if (!summing) {
        summing = createSummary(id);
        if (lastHealth) summing.add(lastHealth);
        summaries.set(id, summing);
      }
      summing.add(told);
    }
  }

  function nowNs(): bigint {
    return BigInt(Date.now()) * 1_000_000n;
  }

  function ownEvent(name: 'sensor.coverage' | 'sensor.health', attributes: Event['attributes']): Event {
    const timeMs = Date.now();
    return {
      name,
      uid: newUid(timeMs),
      timeNs: BigInt(timeMs) * 1_000_000n,
      severity: SEVERITY.info,
      traceId: '',
      spanId: '',
      attributes: {
        'spoor.sensor.name': sensor.facts.name,
        'spoor.sensor.tier': sensor.facts.tier,
        ...attributes,
      },
      seen: undefined,
    };
  }

  function tellCoverageOf(coverage: readonly Coverage[]): void {
    finish(
      coverage.map(({ subject, state, reason }) =>
        ownEvent('sensor.coverage', {
          'spoor.coverage.subject': subject,
          'spoor.coverage.state': state,
          'spoor.coverage.reason': reason === '' ? undefined : reason,
        }),
      ),
    );
  }

  function endSession(tag: SessionTag, end: SessionEnd): Summary | undefined {
    const session = attribute.session(tag);
    const summing = session && summaries.get(session.id);
    if (!session || !summing) return undefined;
    const sums = summing.summary();
    const endBootNs = (end.timeNs ?? nowNs()) - sensor.wallOffsetNs();
    const event = attribute.aboutSession(session, 'session.end', endBootNs);
    Object.assign(event.attributes, {
      'event.duration': endBootNs - session.startBootNs,
      'process.exit.code': end.exitCode,
      'spoor.process.exit_signal': end.exitSignal,
      'spoor.session.end_reason': end.remainingPids.length === 0 ? 'empty' : 'watcher_stopped',
      'spoor.session.processes': sums.processes,
      'spoor.session.files_read': sums.filesRead,
      'spoor.session.files_written': sums.filesWritten,
      'spoor.session.connections': sums.connections,
      'spoor.session.findings': sums.findings,
      'spoor.session.events_lost': sums.lost,
      'spoor.session.blind': sums.blind.length === 0 ? undefined : sums.blind,
      'spoor.session.remaining_pids': end.remainingPids.length === 0 ? undefined : end.remainingPids,
    } satisfies Event['attributes']);
    finish([event]);
    summaries.delete(session.id);
    attribute.forget(session);
    return summing.summary();
  }

  async function flush(): Promise<void> {
    await sensor.flush();
    await enrich.flush(HASH_PATIENCE_MS);
  }

  return {
    start() {
      sensor.start((batch) => {
        take(batch);
        for (const event of batch) if (event.kind === 'sensor.gap') health.lost(event.count);
      });
      tellCoverageOf([...sensor.coverage(), ...HANDOVER_COVERAGE]);
      health.start();
    },
    plan: (session) => attribute.plan(session),
    unplan: (tag) => attribute.unplan(tag),
    adopt: (plan, root) => finish([attribute.adopt(plan, root, nowNs() - sensor.wallOffsetNs())]),
    resume(session, told) {
      attribute.resume(session);
      summaries.set(session.id, told);
    },
    flush,
    endSession,
    sessions: () => attribute.sessions(),
    sessionOf: (tag) => attribute.session(tag),
    program: (process) => attribute.program(process),
    written: (path) =>
      [...attribute.writtenFiles()].findLast(
        (file) => file.path === path || file.path.startsWith(`${path}/`),
      ),
    summary: (session) => summaries.get(session.id)?.summary(),
    tell: (event) => finish([event]),
    judge,
    refused: () => [...refusals],
    hanging: () => enrich.hanging(),
    async stop() {
      // First nothing more comes in: what goes on busily would never let the last hash be waited for.
      await health.stop(async () => {
        await sensor.stop();
        await enrich.flush(HASH_PATIENCE_MS);
      });
      enrich.stop();
      journal?.close();
      isStopped = true;
    },
  };
}
