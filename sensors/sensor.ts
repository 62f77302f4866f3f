/**
 * The contract every sensor fulfils.
 *
 * A sensor knows one operating system (or one recording) and nothing of stages, logs or rules.
 * It reports in the order in which things were seen, never drops without counting, and never blocks its reader.
 */

import type { LossCause, ProcessRef, SensorEvent, SessionTag } from './event.ts';

export type SensorTier = 'lsm' | 'tracepoint' | 'replay';

/** What this sensor can say of one subject on this host. */
export interface Coverage {
  /** What it is about, in words a person knows: "file.open", "file.open through io_uring". */
  readonly subject: string;
  readonly state: 'seen' | 'claimed' | 'not_seen';
  /** Why it is not simply seen, and what would mend it. Of what is seen: which part is not; empty when all is. */
  readonly reason: string;
}

/** Totals since the sensor started; `seen + lost = happened` holds for each hook, kind and CPU. */
export interface SensorCount {
  readonly kind: string;
  /** Where in the kernel it is seen: the attach point, such as "tp_btf/sys_exit". */
  readonly hook: string;
  readonly cpu: number;
  readonly seen: bigint;
  /** By whatever cause. */
  readonly lost: bigint;
  /** The same, by cause; what is not named lost nothing. */
  readonly causes: Readonly<Partial<Record<LossCause, bigint>>>;
}

/** What became of one act that the sensor did to find out whether it sees. */
export interface Sight {
  /** The family of hooks, named by the event that it makes: "file.open", "network.connect". */
  readonly family: string;
  /** Where in the kernel it is seen. */
  readonly hook: string;
  /** unproven: the act could not be done, or events of its kind were being lost. absent: this kernel has no such hook. */
  readonly state: 'seen' | 'blind' | 'unproven' | 'absent';
  /** Why it was not seen, and the mend. Empty when it was. */
  readonly reason: string;
}

export interface SensorFacts {
  readonly name: string;
  readonly tier: SensorTier;
  /** Why it is this tier and no better one; absent where nothing was chosen. */
  readonly tierReason?: string | undefined;
  /** /proc/sys/kernel/random/boot_id of the boot the events are from. */
  readonly bootId: string;
}

/** A process as it stands in the kernel's task list. */
export interface RunningProcess {
  readonly process: ProcessRef;
  readonly parent: ProcessRef;
  readonly session: SessionTag;
  /** Of a suspect: the tag before its own, which holds while nobody has judged. */
  readonly around: SessionTag;
}

/** How far the sensor has handed over what it saw. */
export interface Taken {
  readonly position: bigint;
  readonly records: bigint;
}

/** A watch that goes on in the kernel when the collector ends, and is read on by the next one. */
export interface KeptWatch {
  /**
   * What an earlier collector left there. `same`: everything goes on. `other`: another version's programs, whose place
   * was taken. `broken`: what nobody can read on, taken away. Known once the sensor was started.
   */
  readonly found: 'nothing' | 'same' | 'other' | 'broken';
  /** Tags that an earlier collector gave still hold. */
  readonly tagsKept: boolean;
  /** Everything the earlier collector did not seal for good is told again, up to this position: it may be in the log. */
  readonly replayUntil: bigint;
  /** The first record of the log in which such an event can be. */
  readonly markIndex: number;
  /** What is not told again, by kind of record: this many at most, some may be in the log. */
  readonly untold: ReadonlyMap<string, bigint>;
  /** Programs of the same watch that somebody had taken away meanwhile. */
  readonly attachedAgain: readonly string[];
  /** Up to the batch that is being handed over. */
  taken(): Taken;
  /** Everything up to there is in the log for good; what is not yet will be from record `index` on. */
  mark(taken: Taken, index: number): void;
  /** What became of a suspect's tag that an earlier collector judged; 0 when that is not known. */
  verdict(suspect: SessionTag): SessionTag;
  /** Losses told so far, by what they are counted as; what the next collector is given. */
  lossTold(): ReadonlyMap<string, bigint>;
  /** stop() will end the watch for good. */
  forget(): void;
  /** After stop(): gives free what this process held of it. */
  close(): void;
}

/** A file that sessions must not lay hands on, by the kernel's own numbers. */
export interface GuardedFile {
  /** "major:minor" of the super block. */
  readonly device: string;
  readonly inode: bigint;
  /**
   * inside: it and what lies in it may not be changed. secret: what lies in it may not be read either. above: something
   * guarded lies in it, so it may not be renamed.
   */
  readonly as: 'inside' | 'secret' | 'above';
}

export interface Guarded {
  /** May not be signalled or traced; what it does itself is not refused. */
  readonly process: ProcessRef;
  readonly files: readonly GuardedFile[];
}

export interface Sensor {
  readonly facts: SensorFacts;
  /** Undefined where the watch ends with its collector. */
  readonly kept?: KeptWatch | undefined;

  /** Begins to report. Batches come in ring order; the receiver owns what it is given. Called once. */
  start(receive: (batch: SensorEvent[]) => void): void;

  /** Nanoseconds to add to a `bootNs` for wall-clock time (Unix epoch), as of now. */
  wallOffsetNs(): bigint;

  /**
   * Tags a process, and by that all its later descendants; 0 takes its tag away. The process should be stopped or waiting:
   * children it already has are not tagged.
   * @throws SensorError when there is no such process
   */
  tag(pid: number, session: SessionTag): void;

  /**
   * From now on an exec of a program gives it a tag of its own, before its first instruction, when its path (of the
   * executable, or the last name of the path as called) holds one of these words. Replaces the words before.
   * @throws SensorError when the kernel takes no more
   */
  suspect(words: Iterable<string>): void;

  /**
   * From now on a process outside every session that asks for one of these hosts, or greets one by TLS, is told: as a
   * dns.query or tls.hello of session 0. `*` stands for any characters. Some other host below the same domain may be
   * told too. Replaces the hosts before.
   * @throws SensorError when the kernel takes no more
   */
  tellCallersOf(hosts: Iterable<string>): void;

  /**
   * What becomes of a suspect's tag: itself (a session of its own), another (its descendants go over with it), or 0.
   * Holds for all tasks at once. A kept tag is judged 0 when its session has ended.
   */
  judge(suspect: SessionTag, becomes: SessionTag): void;

  /**
   * From now on sessions are refused what would blind or end their watcher, its programs in the kernel included.
   * Replaces what was guarded before, and stays in force while the watch is kept.
   * @returns what of it cannot be refused on this kernel; undefined where nothing can
   * @throws SensorError when the kernel takes no more
   */
  guard?(guarded: Guarded | 'nothing'): readonly string[] | undefined;

  /** All live processes, zombies and kernel threads left out. */
  running(): RunningProcess[];

  /** Live processes of a session, zombies left out. */
  members(session: SessionTag): ProcessRef[];

  /** Hands over everything that was seen before this call, then resolves. */
  flush(): Promise<void>;

  counts(): SensorCount[];
  coverage(): Coverage[];

  /**
   * Does one small act for each family of hooks and says which of them it saw; the events are kept back. Takes some
   * milliseconds; only between start() and stop(). Empty for a recording: there is nothing to see.
   */
  look(): Promise<Sight[]>;

  /** Detaches, unless the watch is kept. Nothing is reported after it resolves. */
  stop(): Promise<void>;
}

/** The sensor cannot do what was asked on this host: says what, why and the mend in one line. */
export class SensorError extends Error {
  override readonly name = 'SensorError';
}
