/**
 * The process table: what is known of every process that may act, or be the ancestor of one that acts.
 *
 * A pid alone never finds anything: a look-up wants the start time too, and a pid that was used again
 * begins a new entry while the old one stays findable among the exited.
 */

import type { ProcessRef } from '../../sensors/event.ts';
import { type EntityId, entityIdOf, spanIdOf } from './entity.ts';
import type { FollowedSession } from './followed.ts';

/**
 * Live processes kept. About 1 KB each, so 64 MB at the very worst. Past it the oldest entry goes: a process that
 * acts again is entered anew, without what its fork and exec had told.
 */
const MAX_LIVE = 65_536;
/** Exited processes kept, so that late events and children still find them. 8 MB; past it the oldest goes. */
const MAX_EXITED = 8_192;
/** Pids are below 2^22 (PID_MAX_LIMIT, include/linux/threads.h). */
const PID_BITS = 22n;
/** Ancestors named in an event (the registry says so too). */
const MAX_ANCESTRY = 16;

/** proc_pid_stat(5) tells when a process began in such ticks (USER_HZ). */
const TICK_NS = 10_000_000n;

/** The program a process runs; a fork shares its creator's, an exec brings a new one. */
export interface Program {
  readonly executablePath: string;
  readonly executableName: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
}

export interface Process {
  readonly ref: ProcessRef;
  readonly entityId: EntityId;
  readonly spanId: string;
  /** When it began, RFC 3339 with nanoseconds. */
  readonly creationTime: string;
  /** Who made it; undefined where that was not seen. Stays so when the process is handed to another parent. */
  creator: ProcessRef | undefined;
  creatorEntityId: EntityId | undefined;
  /** Undefined where neither exec, fork nor the task iterator told of it. */
  program: Program | undefined;
  userId: number | undefined;
  userName: string | undefined;
  /** Entity ids of creator, its creator and so on; undefined until somebody asks. */
  ancestry: readonly EntityId[] | undefined;
  /** The session whose work it goes on with outside that session's tree; undefined for all others. */
  followed: FollowedSession | undefined;
}

export interface ProcessTable {
  /** The entry of a process, made if there is none. */
  entry(ref: ProcessRef): Process;
  find(ref: ProcessRef): Process | undefined;
  setCreator(process: Process, creator: ProcessRef): void;
  /** Moves the entry to the exited ones. */
  exited(process: Process): void;
  ancestryOf(process: Process): readonly EntityId[];
  /** Live processes that had to go for lack of room. */
  evicted(): number;
}

/** Of a process that was acted on often only the pid is told; its start, looked up in /proc, is known to a tick. */
function isSameStart(startNs: bigint, told: bigint): boolean {
  return told === startNs || (told > 0n && told === startNs - (startNs % TICK_NS));
}

/**
 * @param bootId boot that the references are from
 * @param creationTimeOf wall-clock time of nanoseconds since boot, as shown
 */
export function createProcessTable(bootId: string, creationTimeOf: (bootNs: bigint) => string): ProcessTable {
  /** By pid; each entry's start time is checked at look-up. Insertion order is age. */
  const live = new Map<number, Process>();
  /** Oldest first. */
  const gone = new Map<bigint, Process>();
  let evictions = 0;

  function remember(process: Process): void {
    gone.set(goneKey(process.ref), process);
    if (gone.size > MAX_EXITED) dropOldest(gone);
  }

  function find(ref: ProcessRef): Process | undefined {
    const process = live.get(ref.pid);
    if (process && isSameStart(process.ref.startNs, ref.startNs)) return process;
    return gone.get(goneKey(ref));
  }

  function entry(ref: ProcessRef): Process {
    const known = find(ref);
    if (known) return known;
    const entityId = entityIdOf(bootId, ref);
    const made: Process = {
      ref: { pid: ref.pid, startNs: ref.startNs },
      entityId,
      spanId: spanIdOf(entityId),
      creationTime: creationTimeOf(ref.startNs),
      creator: undefined,
      creatorEntityId: undefined,
      program: undefined,
      userId: undefined,
      userName: undefined,
      ancestry: undefined,
      followed: undefined,
    };
    const former = live.get(ref.pid);
    if (former) {
      // The pid was used again and the exit of its former owner was lost or is late.
      live.delete(ref.pid);
      remember(former.ref.startNs < ref.startNs ? former : made);
    }
    live.set(ref.pid, former && former.ref.startNs > ref.startNs ? former : made);
    if (live.size > MAX_LIVE) {
      dropOldest(live);
      evictions += 1;
    }
    return made;
  }

  function setCreator(process: Process, creator: ProcessRef): void {
    process.creator = { pid: creator.pid, startNs: creator.startNs };
    process.creatorEntityId = find(creator)?.entityId ?? entityIdOf(bootId, creator);
    process.ancestry = undefined;
  }

  function ancestryOf(process: Process): readonly EntityId[] {
    if (process.ancestry) return process.ancestry;
    const ids: EntityId[] = [];
    let at: Process | undefined = process;
    while (at?.creator && at.creatorEntityId && ids.length < MAX_ANCESTRY) {
      ids.push(at.creatorEntityId);
      const above: Process | undefined = find(at.creator);
      // What an ancestor already knows need not be walked again, and outlives the entries it was walked from.
      if (above?.ancestry) {
        ids.push(...above.ancestry.slice(0, MAX_ANCESTRY - ids.length));
        break;
      }
      at = above;
    }
    process.ancestry = ids;
    return ids;
  }

  return {
    entry,
    find,
    setCreator,
    exited(process) {
      if (live.get(process.ref.pid) === process) live.delete(process.ref.pid);
      remember(process);
    },
    ancestryOf,
    evicted: () => evictions,
  };
}

/** Pid and start time in one number: an entity id would cost a hash, 2 µs of each look-up that finds nobody alive. */
function goneKey({ pid, startNs }: ProcessRef): bigint {
  return (startNs << PID_BITS) | BigInt(pid);
}

/** A Map walks its keys in the order of insertion. */
function dropOldest<Key>(map: Map<Key, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
