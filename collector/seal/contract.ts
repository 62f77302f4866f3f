import type { Event } from '../event.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { VerifierKey } from '../log/note.ts';
import type { HostKey } from './hostkey.ts';
import type { Retention } from './prune.ts';

export interface SealOptions {
  /** Folder of the log, such as STATE/log; made if missing. */
  readonly directory: string;
  readonly hostKey: HostKey;
  /** Names this machine in the log's origin: no blanks, no plus sign. */
  readonly hostId: string;
  /** How much of the log is kept; 1 GiB of any age when left out. */
  readonly retention?: Retention;
  /**
   * Records that every destination has. Left out without destinations: then nothing counts as deleted unshipped, and
   * a full disk deletes nothing, since nobody has a copy.
   */
  readonly shipped?: (() => number) | undefined;
  /** Memory for records that are not on disk yet. */
  readonly maxBacklogBytes?: number;
  /** Disk kept for the time when it is full, of the budget. */
  readonly reserveBytes?: number;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The signed note. */
  readonly note: string;
}

/** Stage 6, seal: events become records of the signed, append-only log. */
export interface Seal {
  /**
   * Encodes, hashes and takes the events as the next records, in order. Does not wait for the disk: where it takes
   * nothing for long, events are shed by class, and stated as sensor.gap records once it does again.
   * @throws EncodeError when an event says what its registry entry does not allow: that event is replaced by a
   *   sensor.gap record, all others of the batch are sealed
   */
  append(batch: readonly Event[]): void;
  /** Signs the log as it is now, once all of it is on disk. @throws the file system's error */
  checkpoint(): Promise<Checkpoint>;
  /** Signs the closing checkpoint and gives the log free. */
  close(): Promise<Checkpoint>;
  /** Records appended. */
  readonly size: number;
  /** Records that a power cut cannot take; what exporters may send. */
  readonly durable: number;
  /** Calls back whenever `durable` grew or a checkpoint was written; with `durable`. */
  onGrow(listener: (durable: number) => void): void;
  /** Calls back with each checkpoint, as it is signed and on disk. */
  onCheckpoint(listener: (signed: SignedCheckpoint) => void): void;
  /**
   * Who has the closing checkpoint countersigned, while the log is not given free yet: gives the signature lines to
   * add to the file `checkpoint`.
   */
  onClosing(countersign: (signed: SignedCheckpoint) => Promise<string>): void;
  /** Bytes taken and not on disk yet; they are in memory. */
  readonly backlogBytes: number;
  /** Events that were not taken because the disk took nothing. */
  readonly shed: number;
  /** Calls back with the sensor.gap events that state what was shed, as they are sealed. */
  onGap(listener: (gaps: readonly Event[]) => void): void;
  /** Why the log could not be written last time; undefined while it can be. */
  readonly trouble: Error | undefined;
  /** Changes when the key is rotated. */
  readonly verifierKey: VerifierKey;
}
