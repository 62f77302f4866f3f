/**
 * Stage 1, attribute: which process of which session did this, and how do we know?
 *
 * Takes what the sensor saw, in ring order; gives events, in the same order, under registry names. Processes outside
 * every session feed the process table and leave no event. Never throws for what was seen: what cannot be known
 * is left out.
 */

import type {
  DnsQuery,
  NetworkServed,
  ProcessExec,
  ProcessExisting,
  ProcessExit,
  ProcessFork,
  ProcessRef,
  SensorEvent,
  SensorGap,
  SessionTag,
  SystemCallHistogram,
  TlsHello,
} from '../../sensors/event.ts';
import type { SensorFacts } from '../../sensors/sensor.ts';
import { type Attributes, type Event, type EventName, SEVERITY } from '../event.ts';
import type { SessionFinder } from '../session/finder.ts';
import type { Attribution, Session, SessionPlan } from '../session/session.ts';
import type { Stage } from '../stage.ts';
import { FORK_CHAIN } from './actor.ts';
import {
  describeExec,
  describeExit,
  describeGap,
  describeProcess,
  describeRoot,
  programOf,
} from './describe.ts';
import { type Act, describeSeen, type Surroundings } from './describe-seen.ts';
import { describeHistogram } from './describe-system.ts';
import { spanIdOf } from './entity.ts';
import { createFollowed, type FollowedSession } from './followed.ts';
import { describeHandover, type Handover } from './handover.ts';
import { createHandovers, type WrittenFilesKept } from './handovers.ts';
import { ancestorsOf, runningProgram } from './lineage.ts';
import { createNames } from './names.ts';
import { NO_SPAN, newEvent } from './new-event.ts';
import { createProcessTable, type Process, type Program } from './processes.ts';
import { rfc3339 } from './rfc3339.ts';
import { shown } from './shown.ts';
import { createUserNames } from './users.ts';
import type { WrittenFile } from './written-files.ts';

/**
 * Tags of suspects that were joined to a session, remembered for events that were on their way when that was decided.
 * 100 B each; past it the oldest is forgotten, whose events have long passed (the ring holds some 40,000).
 */
const MAX_JOINED = 65_536;

export interface Attribute {
  readonly stage: Stage<SensorEvent, Event>;
  /** Announces a session, before its launcher is released. A tag nobody announced begins a session by itself. */
  plan(session: SessionPlan): void;
  /** Takes back the announcement of a session that never began. */
  unplan(tag: SessionTag): void;
  /** Begins an announced session with a process that runs already; @returns its session.start. */
  adopt(plan: SessionPlan, root: ProcessRef, bootNs: bigint): Event;
  /** Goes on with a session that an earlier collector began. */
  resume(session: Session): void;
  /** The program a process runs, as far as it is known. */
  program(process: ProcessRef): Program | undefined;
  /** Learns what later stages found out of the events it made. */
  finished(events: readonly Event[]): void;
  /** Everything remembered of files that sessions wrote, the first written first. */
  writtenFiles(): Iterable<WrittenFile>;
  /** Forgets a session that has ended. */
  forget(session: Session): void;
  /** The session of a tag, once its first program runs. */
  session(tag: SessionTag): Session | undefined;
  sessions(): Session[];
  /** An event about the session as a whole, by its root process, at a time since boot. */
  aboutSession(session: Session, name: EventName, bootNs: bigint): Event;
}

/** What the stage works with beside the sensor's facts. */
export interface AttributeNeeds {
  /** Who says which programs begin a session; without one, sessions are those announced or recorded. */
  readonly finder?: SessionFinder | undefined;
  readonly userName?: (uid: number) => string | undefined;
  /**
   * Tags a process outside every session, and what descends from it, when it takes over a session's work; false when
   * it has ended already. Without it such processes are told and not followed.
   */
  readonly follow?: (pid: number, tag: SessionTag) => boolean;
  /** Files that sessions wrote, of earlier runs, and where to keep those of this one. */
  readonly writtenFiles?: WrittenFilesKept | undefined;
}

interface LiveSession extends Session, Attribution {
  readonly rootProcess: Process;
}

type Attributed = LiveSession | FollowedSession;

/** @param wallOffsetNs nanoseconds to add to a boot time for wall-clock time, as of now */
export function createAttribute(
  facts: SensorFacts,
  wallOffsetNs: () => bigint,
  needs: AttributeNeeds = {},
): Attribute {
  const { finder, userName = createUserNames(), follow = () => false } = needs;
  let offsetNs = wallOffsetNs();
  const table = createProcessTable(facts.bootId, (bootNs) => rfc3339(bootNs + offsetNs));
  const plans = new Map<SessionTag, SessionPlan>();
  const live = new Map<SessionTag, LiveSession>();
  const joined = new Map<SessionTag, Attributed>();
  const followed = createFollowed((id) => [...live.values()].find((session) => session.id === id), follow);
  const handovers = createHandovers((ref) => table.entry(ref), needs.writtenFiles);
  /** Goes on with sessions of an earlier collector. */
  let isResumed = false;
  const surroundings: Surroundings = {
    processOf: (ref) => ref && table.find(ref),
    sessionOf: (tag) => sessionByTag(tag),
    names: createNames(),
  };

  function beginSession(tag: SessionTag, process: Process, bootNs: bigint): LiveSession {
    const plan = plans.get(tag);
    const session: LiveSession = {
      tag,
      id: process.entityId,
      startedBy: plan?.startedBy ?? 'recording',
      agent: plan?.agent ?? { name: process.program?.executableName ?? 'unknown', version: undefined },
      root: process.ref,
      rootProcess: process,
      startBootNs: bootNs,
      about: plan?.about ?? {},
      basis: 'exact',
      evidence: FORK_CHAIN,
    };
    plans.delete(tag);
    live.set(tag, session);
    return session;
  }

  /** The session a process acts for. Undefined outside every session, and for the launcher before it is COMMAND. */
  function sessionOf(
    seen: { session: SessionTag; bootNs: bigint },
    process: Process,
  ): Attributed | undefined {
    if (seen.session === 0) return process.followed;
    const known = sessionByTag(seen.session);
    if (known || followed.isOurs(seen.session)) return known;
    const plan = plans.get(seen.session);
    if (plan?.launcherPid === process.ref.pid) return undefined;
    // With a finder, a tag that begins no session is one that was given in doubt and judged nobody's.
    return plan || !finder ? beginSession(seen.session, process, seen.bootNs) : undefined;
  }

  function sessionByTag(tag: SessionTag): Attributed | undefined {
    return (
      live.get(tag) ??
      joined.get(tag) ??
      followed.byTag(tag) ??
      (isResumed && tag !== 0 ? joinedBefore(tag) : undefined)
    );
  }

  /** An earlier collector judged this tag; what was seen in the meantime still has it. */
  function joinedBefore(tag: SessionTag): LiveSession | undefined {
    const becomes = finder?.verdict?.(tag) ?? 0;
    const session = becomes === 0 ? undefined : live.get(becomes);
    if (session) join(tag, session);
    return session;
  }

  /** The session that a program runs in, which begins with it where the finder says so. */
  function sessionAtExec(
    seen: ProcessExec,
    process: Process,
    program: Program,
    caller: Program | undefined,
    out: Event[],
  ): Attributed | undefined {
    const { session: tag, around: tagAround } = seen;
    const begun = isResumed ? begunBy(seen) : undefined;
    if (begun) {
      finder?.startedBefore?.({ seen, program, caller, around: begun, announced: undefined });
      if (tag !== begun.tag) join(tag, begun);
      return begun;
    }
    const around = sessionByTag(tagAround) ?? process.followed;
    let begins = finder || tag === 0 || followed.isOurs(tag) ? undefined : tag;
    if (finder) {
      const announced = plans.get(tagAround);
      const found = finder.started({ seen, program, caller, around, announced });
      if (found.candidate) out.push(candidateEvent(seen.bootNs, process, found.candidate));
      if (found.plan) plans.set(found.plan.tag, found.plan);
      begins = found.plan?.tag ?? announced?.tag;
    }
    const known = begins === undefined ? around : live.get(begins);
    if (known || !begins) {
      if (known && tag !== tagAround && tag !== 0) join(tag, known);
      return known;
    }
    const session = beginSession(begins, process, seen.bootNs);
    if (tag !== 0 && tag !== begins) join(tag, session);
    out.push(startEvent(session));
    return session;
  }

  /** The session that began with this very exec, which an earlier collector saw as well. */
  function begunBy({ process, bootNs }: ProcessExec): LiveSession | undefined {
    for (const session of live.values())
      if (session.startBootNs === bootNs && session.root.pid === process.pid) return session;
    return undefined;
  }

  function join(tag: SessionTag, session: Attributed): void {
    joined.set(tag, session);
    if (joined.size <= MAX_JOINED) return;
    const [oldest] = joined.keys();
    if (oldest !== undefined) joined.delete(oldest);
  }

  function setUser(process: Process, uid: number): void {
    process.userId = uid;
    process.userName = userName(uid);
  }

  function onFork(seen: ProcessFork): void {
    const process = table.entry(seen.process);
    const creator = table.entry(seen.creator);
    table.setCreator(process, seen.creator);
    // A fork runs its creator's program, as its creator's user, until it execs.
    process.program ??= creator.program;
    process.userId ??= creator.userId;
    process.userName ??= creator.userName;
    table.ancestryOf(process);
  }

  function onExisting(seen: ProcessExisting): void {
    const process = table.entry(seen.process);
    if (!process.creator && seen.parent.pid !== 0) table.setCreator(process, seen.parent);
    // The iterator runs after the hooks are attached: an exec that was seen before it knows better.
    process.program ??= programOf(seen);
    if (process.userId === undefined) setUser(process, seen.credentials.euid);
  }

  function onExec(seen: ProcessExec, out: Event[]): void {
    const process = table.entry(seen.process);
    // Who made the process stays true when it is handed to another parent later; the fork knew it exactly.
    if (!process.creator && seen.parent.pid !== 0) table.setCreator(process, seen.parent);
    const program = programOf(seen);
    const creator = process.creator && table.find(process.creator);
    const caller = process.program ?? creator?.program;
    process.program = program;
    setUser(process, seen.credentials.euid);
    const takenOver = isOutside(seen) ? handoversTo(process, seen, program, creator) : [];
    const session =
      seen.session === 0 && !finder && !process.followed
        ? undefined
        : sessionAtExec(seen, process, program, caller, out);
    for (const handover of takenOver) out.push(handoverEvent(handover, seen, process, session));
    if (!session) return;
    const ancestry = table.ancestryOf(process);
    const attributes = describeExec(seen, session, process, program, creator, ancestry);
    out.push(eventOf('process.exec', seen.bootNs, session, process, attributes, seen));
  }

  /** In no session, or in what is left of one that has ended. */
  function isOutside({ around }: ProcessExec): boolean {
    return around === 0 || (finder !== undefined && !sessionByTag(around) && !plans.has(around));
  }

  /** A program started in no session: does it go on with the work of one? */
  function handoversTo(
    process: Process,
    seen: ProcessExec,
    program: Program,
    creator: Process | undefined,
  ): Handover[] {
    // What a followed process made before the kernel had its tag.
    process.followed ??= creator?.followed;
    if (process.followed) return [];
    const cgroup = shown(seen.cgroup);
    const found = handovers.started({
      seen,
      bootNs: seen.bootNs,
      program,
      unit: cgroup.slice(cgroup.lastIndexOf('/') + 1),
      ancestors: () => ancestorsOf(process, (ref) => table.find(ref)),
      host: facts.tier === 'replay' ? 'another' : 'this',
      wallNs: seen.bootNs + offsetNs,
    });
    const joins = found.find(({ taker }) => taker === 'joins');
    if (joins) process.followed = followed.begin(joins, process, seen.bootNs);
    return found;
  }

  /** @param session that the taker is in now; another than the hand-over's when one of its own began */
  function handoverEvent(
    handover: Handover,
    seen: { readonly bootNs: bigint; readonly session: SessionTag },
    taker: Process,
    session: Attributed | undefined,
  ): Event {
    // A suspect has a tag of its own, which the finder has joined to the session's.
    const isFollowed =
      taker.followed !== undefined &&
      (session !== taker.followed || seen.session !== 0 || followed.give(taker.followed, taker));
    const span = { traceId: handover.session.id, spanId: spanIdOf(handover.giver.entityId) };
    const attributes = describeHandover(handover, seen.bootNs, taker, isFollowed);
    // It is no exec: nothing of it is to be hashed.
    return newEvent('session.handover', seen.bootNs + offsetNs, span, attributes, undefined);
  }

  function onExit(seen: ProcessExit, out: Event[]): void {
    const process = table.entry(seen.process);
    const session = sessionOf(seen, process);
    if (session) {
      const attributes = describeExit(seen, session, process);
      out.push(eventOf('process.exit', seen.bootNs, session, process, attributes, seen));
    }
    table.exited(process);
  }

  function onServed(seen: NetworkServed, out: Event[]): void {
    const process = table.entry(seen.process);
    if (process.followed) return;
    // A server that forks for each connection runs no new program: its child was not told of.
    process.program ??= runningProgram(seen.process.pid);
    const handover = handovers.served(seen, process);
    if (!handover) return;
    if (handover.taker === 'joins') process.followed = followed.begin(handover, process, seen.bootNs);
    out.push(handoverEvent(handover, seen, process, process.followed));
  }

  function onAct(seen: Act, out: Event[]): void {
    const process = table.entry(seen.process);
    const session = sessionOf(seen, process);
    if (!session) {
      if (seen.kind === 'tls.hello' || seen.kind === 'dns.query') onContact(seen, process, out);
      return;
    }
    const attributes = describeSeen(seen, session, process, surroundings);
    out.push(eventOf(seen.kind, seen.bootNs, session, process, attributes, seen));
    const handed = handovers.acted(seen, session, process, seen.bootNs + offsetNs);
    if (handed) out.push(handoverEvent(handed.handover, seen, handed.taker, undefined));
  }

  /** A process outside every session named a host; the sensor tells those that the finder asked for. */
  function onContact(seen: DnsQuery | TlsHello, process: Process, out: Event[]): void {
    const host = seen.kind === 'dns.query' ? seen.question : seen.serverName;
    process.program ??= runningProgram(seen.process.pid);
    const { program, userId } = process;
    // A suspect's tag that was judged nobody's is told like a session's.
    if (!finder?.contacted || host === undefined || !program) return;
    const how = seen.kind === 'dns.query' ? 'asked' : 'greeted';
    const { candidate, plan } = finder.contacted({ process: seen.process, program, userId, how, host });
    if (candidate) out.push(candidateEvent(seen.bootNs, process, { ...candidate, 'server.address': host }));
    if (!plan) return;
    plans.set(plan.tag, plan);
    out.push(startEvent(beginSession(plan.tag, process, seen.bootNs)));
  }

  function histogramEvent(seen: SystemCallHistogram, session: Attributed): Event {
    const attributes = describeHistogram(seen, session);
    return eventOf('syscall.histogram', seen.bootNs, session, table.entry(session.root), attributes, seen);
  }

  function eventOf(
    name: EventName,
    bootNs: bigint,
    session: Attributed,
    process: Process,
    attributes: Attributes,
    seen: SensorEvent | undefined,
  ): Event {
    const span = { traceId: session.id, spanId: process.spanId };
    return newEvent(name, bootNs + offsetNs, span, attributes, seen);
  }

  function aboutSession(session: Session, name: EventName, bootNs: bigint): Event {
    const known = live.get(session.tag);
    if (known?.id !== session.id) throw new Error(`session ${session.id} is not one of this collector`);
    return eventOf(
      name,
      bootNs,
      known,
      known.rootProcess,
      describeRoot(bootNs, known, known.rootProcess),
      undefined,
    );
  }

  function startEvent(session: LiveSession): Event {
    const event = aboutSession(session, 'session.start', session.startBootNs);
    const { program } = session.rootProcess;
    event.attributes['process.command_args'] = program?.args;
    event.attributes['process.working_directory'] = program?.workingDirectory;
    event.attributes['spoor.session.started_by'] = session.startedBy;
    // There is no policy yet and nobody is asked: said, so that no reader takes silence for consent.
    event.attributes['spoor.session.policy'] = 'none';
    event.attributes['spoor.session.approval'] = 'unknown';
    Object.assign(event.attributes, session.about);
    return event;
  }

  /** Of no record of its own: enrich would take it for the exec or the hello that it was told at. */
  function candidateEvent(bootNs: bigint, process: Process, said: Attributes): Event {
    const attributes = { ...describeProcess(bootNs, process), ...said };
    const event = newEvent('agent.candidate', bootNs + offsetNs, NO_SPAN, attributes, undefined);
    event.severity = SEVERITY.low;
    return event;
  }

  function gapEvent(seen: SensorGap): Event {
    const event = newEvent('sensor.gap', seen.bootNs + offsetNs, NO_SPAN, describeGap(seen), seen);
    event.severity = SEVERITY.warn;
    return event;
  }

  function adopt(plan: SessionPlan, root: ProcessRef, bootNs: bigint): Event {
    plans.set(plan.tag, plan);
    return startEvent(beginSession(plan.tag, table.entry(root), bootNs));
  }

  function attribute(batch: SensorEvent[]): Event[] {
    offsetNs = wallOffsetNs();
    const out: Event[] = [];
    for (const seen of batch) {
      switch (seen.kind) {
        case 'process.exec':
          onExec(seen, out);
          break;
        case 'process.exit':
          onExit(seen, out);
          break;
        case 'process.fork':
          onFork(seen);
          break;
        case 'process.existing':
          onExisting(seen);
          break;
        case 'network.served':
          onServed(seen, out);
          break;
        case 'sensor.gap':
          out.push(gapEvent(seen));
          break;
        case 'syscall.histogram': {
          const session = sessionByTag(seen.session);
          if (session) out.push(histogramEvent(seen, session));
          break;
        }
        default:
          onAct(seen, out);
      }
    }
    return out;
  }

  return {
    stage: attribute,
    plan(session) {
      plans.set(session.tag, session);
    },
    unplan: (tag) => void plans.delete(tag),
    adopt,
    resume(session) {
      isResumed = true;
      const rootProcess = table.entry(session.root);
      live.set(session.tag, { ...session, rootProcess, basis: 'exact', evidence: FORK_CHAIN });
    },
    forget(session) {
      live.delete(session.tag);
      for (const [tag, { id }] of joined) if (id === session.id) joined.delete(tag);
    },
    finished: (events) => handovers.finished(events),
    writtenFiles: () => handovers.writtenFiles.all(),
    program: (process) => table.find(process)?.program,
    session: sessionByTag,
    sessions: () => [...live.values()],
    aboutSession,
  };
}
