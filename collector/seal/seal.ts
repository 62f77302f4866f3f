import { type FSWatcher, watch } from 'node:fs';
import type { Event } from '../event.ts';
import { type Checkpoint, checkpointHash, formatCheckpoint, formatTimeNs } from '../log/checkpoint.ts';
import { makeFolder, syncDirectory } from '../log/files.ts';
import { type Lock, takeLock } from '../log/lock.ts';
import { HASH_BYTES } from '../log/merkle.ts';
import { formatVkey, signNote, type VerifierKey, verifierKey } from '../log/note.ts';
import { TILE_WIDTH } from '../log/tiles.ts';
import type { TileTree } from '../log/tree.ts';
import { newUid } from '../uid.ts';
import type { Seal, SealOptions, SignedCheckpoint } from './contract.ts';
import { EncodeError } from './encode.ts';
import { adoptNextKey, type HostKey, nextKey, publishKey } from './hostkey.ts';
import { JournalWriter } from './journal.ts';
import { Leaves } from './leaves.ts';
import { showNewest } from './newest.ts';
import { gapEvent, keyEvent, nowNs, openEvent, pruneEvent, refusedEvent } from './own-events.ts';
import { writePartials } from './partials.ts';
import { DEFAULT_MAX_BYTES, Pruner, type Pruning } from './prune.ts';
import { type Recovered, recoverLog } from './recover.ts';
import { Reserve, reserveBytesOf } from './reserve.ts';
import { finishRotation } from './rotation.ts';
import { MAX_BACKLOG_BYTES, type ShedCause, Shedding, shedCause } from './shed.ts';
import { Tail, written } from './tail.ts';

/** From the first unsigned record to its checkpoint; with the time of the disk still about one a second. */
const CHECKPOINT_INTERVAL_MS = 900;

/**
 * From the first record that a power cut could take to its fdatasync. Exporters send only what is durable,
 * so this is part of the way from an act to the receiver; ten flushes a second at most, none while idle.
 */
const SYNC_INTERVAL_MS = 100;

/** Between two looks at the age of the oldest records while nothing arrives; each checkpoint looks too. */
const PRUNE_INTERVAL_MS = 60_000;

export type { Seal, SealOptions, SignedCheckpoint } from './contract.ts';

/**
 * Opens the log for writing, or begins a new one; brings it back to its last whole record after a crash.
 * The first record of each opening is a log.open event that says how the log was found.
 *
 * @throws LockError when another process writes it
 * @throws LogDamagedError when it contradicts its last checkpoint
 */
export async function openSeal(options: SealOptions): Promise<Seal> {
  const { directory } = options;
  makeFolder(directory);
  const lock = takeLock(directory);
  let seal: LogSeal | undefined;
  try {
    const recovered = recoverLog(directory, options.hostKey);
    const hostKey = finishRotation(options.hostKey, recovered.last);
    const origin = recovered.last?.checkpoint.origin ?? `spoor/${options.hostId}/${newUid(Date.now())}`;
    publishKey(hostKey, origin);
    const journal = await JournalWriter.open(directory, recovered.journal.marks, recovered.journal.end);
    syncDirectory(directory);
    const first = recovered.last?.checkpoint.first ?? 0;
    const retention = options.retention ?? { maxBytes: DEFAULT_MAX_BYTES };
    const reserve = new Reserve(directory, options.reserveBytes ?? reserveBytesOf(retention.maxBytes));
    const forRecords = { ...retention, maxBytes: retention.maxBytes - reserve.bytes };
    const pruner = await Pruner.open(directory, forRecords, first, recovered.tree.size);
    const { shipped, maxBacklogBytes = MAX_BACKLOG_BYTES } = options;
    seal = new LogSeal({
      directory,
      hostKey,
      lock,
      journal,
      pruner,
      reserve,
      shipped,
      maxBacklogBytes,
      origin,
      recovered,
    });
    seal.append([openEvent(recovered, seal.verifierKey, hostKey, options.hostId)]);
    await seal.checkpoint();
    await seal.rotateIfAsked();
    await reserve.take();
    return seal;
  } catch (error) {
    if (seal) await seal.abandon();
    else lock.release();
    throw error;
  }
}

interface Opened {
  readonly directory: string;
  readonly hostKey: HostKey;
  readonly lock: Lock;
  readonly journal: JournalWriter;
  readonly pruner: Pruner;
  readonly reserve: Reserve;
  readonly shipped: (() => number) | undefined;
  readonly maxBacklogBytes: number;
  readonly origin: string;
  readonly recovered: Recovered;
}

class LogSeal implements Seal {
  #hostKey: HostKey;
  #verifierKey: VerifierKey;
  readonly #keyWatch: FSWatcher;
  readonly #opened: Opened;
  readonly #tree: TileTree;
  readonly #tail: Tail;
  readonly #leaves: Leaves;
  readonly #listeners: ((durable: number) => void)[] = [];
  readonly #checkpointListeners: ((signed: SignedCheckpoint) => void)[] = [];
  #countersign: (signed: SignedCheckpoint) => Promise<string> = () => Promise.resolve('');
  readonly #gapListeners: ((gaps: readonly Event[]) => void)[] = [];
  readonly #shedding = new Shedding();
  #first: number;
  /** What a record of the log says is deleted, and still is there. */
  #promised: Pruning | undefined;
  #lost: bigint;
  #last: (SignedCheckpoint & { readonly hash: string }) | undefined;
  #checkpointing: Promise<unknown> = Promise.resolve();
  #checkpointTimer: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  readonly #pruneTimer: NodeJS.Timeout;
  #state: 'open' | 'closed' = 'open';
  #trouble: Error | undefined;

  constructor(opened: Opened) {
    const { recovered, origin, hostKey } = opened;
    this.#opened = opened;
    this.#hostKey = hostKey;
    this.#verifierKey = verifierKey(origin, hostKey.publicKey);
    this.#keyWatch = watch(hostKey.directory, { persistent: false }, (_, name) => {
      if (name === 'next.key' && this.#state === 'open')
        this.rotateIfAsked().catch((error: Error) => this.#retryLater(error));
    });
    this.#tree = recovered.tree;
    this.#tail = new Tail(opened.directory, this.#tree.size, {
      bundle: Math.floor(this.#tree.size / TILE_WIDTH),
      entriesBytes: recovered.entriesBytes,
      hashesBytes: (this.#tree.size % TILE_WIDTH) * HASH_BYTES,
    });
    this.#leaves = new Leaves(this.#tree, this.#tail, recovered.entriesBytes, (bytes) =>
      opened.pruner.grew(bytes),
    );
    const last = recovered.last;
    this.#last = last && {
      checkpoint: last.checkpoint,
      note: last.text,
      hash: checkpointHash(last.note.text),
    };
    this.#lost = (last?.checkpoint.lost ?? 0n) + recovered.recoveredLost;
    this.#first = last?.checkpoint.first ?? 0;
    this.#pruneTimer = setInterval(() => this.#timedPrune(), PRUNE_INTERVAL_MS).unref();
  }

  get size(): number {
    return this.#tree.size;
  }

  get durable(): number {
    return this.#tail.durable;
  }

  get verifierKey(): VerifierKey {
    return this.#verifierKey;
  }

  get trouble(): Error | undefined {
    return this.#trouble;
  }

  get backlogBytes(): number {
    return this.#tail.backlogBytes;
  }

  get shed(): number {
    return this.#shedding.total;
  }

  onGrow(listener: (durable: number) => void): void {
    this.#listeners.push(listener);
  }

  onGap(listener: (gaps: readonly Event[]) => void): void {
    this.#gapListeners.push(listener);
  }

  onCheckpoint(listener: (signed: SignedCheckpoint) => void): void {
    this.#checkpointListeners.push(listener);
  }

  onClosing(countersign: (signed: SignedCheckpoint) => Promise<string>): void {
    this.#countersign = countersign;
  }

  append(batch: readonly Event[]): void {
    if (this.#state === 'closed') throw new Error('the log is closed; nothing can be appended');
    const cause = shedCause(this.#trouble);
    const limitBytes = this.#limitBytes(cause);
    // What is sealed of this batch comes on top; the limits leave room for a batch.
    const { backlogBytes } = this;
    this.#seal(batch.filter((event) => this.#shedding.takes(event, backlogBytes, limitBytes, cause)));
  }

  #seal(batch: readonly Event[]): void {
    const observedNs = nowNs();
    let refused: EncodeError | undefined;
    for (const event of batch) {
      try {
        this.#append(event, observedNs);
      } catch (error) {
        if (!(error instanceof EncodeError)) throw error;
        refused ??= error;
        this.#append(refusedEvent(event), observedNs);
      }
    }
    this.#leaves.handOver();
    if (this.#state === 'open') {
      this.#checkpointTimer ??= setTimeout(() => this.#timedCheckpoint(), CHECKPOINT_INTERVAL_MS);
      this.#syncTimer ??= setTimeout(() => this.#timedSync(), SYNC_INTERVAL_MS);
    }
    if (refused) throw refused;
  }

  #append(event: Event, observedNs: bigint): void {
    this.#leaves.append(event, observedNs);
    if (event.name === 'sensor.gap') this.#lost += BigInt(event.attributes['spoor.gap.count'] ?? 0);
  }

  /** Of a full disk the reserve is all there is: what waits must fit it, so that the log can be closed. */
  #limitBytes(cause: ShedCause): number {
    const { maxBacklogBytes, reserve } = this.#opened;
    return cause === 'disk_full' ? Math.min(maxBacklogBytes, reserve.backlogBytes) : maxBacklogBytes;
  }

  #tellGaps(): void {
    if (!this.#shedding.untold) return;
    const gaps = this.#shedding.take().map(gapEvent);
    this.#seal(gaps);
    for (const listener of this.#gapListeners) listener(gaps);
  }

  checkpoint(): Promise<Checkpoint> {
    return this.#queueCheckpoint('open');
  }

  async close(): Promise<Checkpoint> {
    if (this.#state === 'closed') throw new Error('the log is closed already');
    this.#stop();
    const { directory } = this.#opened;
    try {
      this.#tellGaps();
      const checkpoint = await this.#queueCheckpoint('closed').catch((error: Error) =>
        this.#closeFull(error),
      );
      await this.#tail.sync();
      writePartials(directory, this.#tree);
      await this.#countersignClosing(checkpoint);
      return checkpoint;
    } finally {
      await this.#release();
    }
  }

  /** Gives up a log that could not be opened: without the lock nothing of it may write, also when the disk would take it later. */
  async abandon(): Promise<void> {
    this.#stop();
    await this.#checkpointing.catch(() => undefined);
    await this.#release();
  }

  #stop(): void {
    this.#state = 'closed';
    clearTimeout(this.#checkpointTimer);
    clearTimeout(this.#syncTimer);
    clearInterval(this.#pruneTimer);
    this.#keyWatch.close();
  }

  async #release(): Promise<void> {
    const { journal, lock } = this.#opened;
    await this.#tail.end();
    await journal.close();
    lock.release();
  }

  async #countersignClosing(checkpoint: Checkpoint): Promise<void> {
    const note = this.#last?.note ?? '';
    const lines = await this.#countersign({ checkpoint, note });
    if (lines !== '') await showNewest(this.#opened.directory, `${note}${lines}`);
  }

  /** The disk is full at the end: the reserve is for this. */
  #closeFull(error: Error): Promise<Checkpoint> {
    if (shedCause(error) !== 'disk_full') throw error;
    this.#opened.reserve.release();
    return this.#queueCheckpoint('closed');
  }

  #timedSync(): void {
    this.#syncTimer = undefined;
    this.#tail.sync().then(
      () => {
        this.#tellGaps();
        this.#grown();
      },
      (error: Error) => this.#retryLater(error),
    );
  }

  #timedCheckpoint(): void {
    this.#checkpointTimer = undefined;
    if (this.#last?.checkpoint.size === this.#tree.size && !this.#trouble) return;
    if (shedCause(this.#trouble) === 'disk_full') this.#queue(() => this.#pruneShipped());
    this.checkpoint().catch((error: Error) => this.#retryLater(error));
  }

  /**
   * Changes over to the key in next.key, if there is one: the old key signs a checkpoint that names it and covers a
   * log.key record, then it takes the old one's place and signs the next checkpoint. A crash at any point is
   * finished, or was not begun, at the next opening.
   */
  rotateIfAsked(): Promise<void> {
    const rotated = this.#checkpointing.catch(() => undefined).then(() => this.#rotate());
    this.#checkpointing = rotated;
    return rotated;
  }

  async #rotate(): Promise<void> {
    const { directory } = this.#hostKey;
    const next = this.#state === 'open' ? nextKey(directory) : undefined;
    if (!next) return;
    const key = verifierKey(this.#opened.origin, next.publicKey);
    this.append([keyEvent(this.#verifierKey, key, next.protection)]);
    await this.#writeCheckpoint('open', key);
    adoptNextKey(directory);
    this.#hostKey = next;
    this.#verifierKey = key;
    publishKey(next, key.name);
    await this.#writeCheckpoint('open');
  }

  #timedPrune(): void {
    this.#queue(async () => {
      await this.#prune();
      // As a rule it is there, and this is one stat a checkpoint.
      if (this.#state === 'open' && !this.#trouble) await this.#opened.reserve.take();
    });
  }

  /** After what checkpoints are under way. */
  #queue(work: () => Promise<void>): void {
    this.#checkpointing = this.#checkpointing
      .catch(() => undefined)
      .then(work)
      .catch((error: Error) => this.#retryLater(error));
  }

  /**
   * Deletes what retention does not keep. First the log says so, signed and on disk; a crash in between leaves
   * files that the next opening deletes.
   */
  async #prune(): Promise<void> {
    const { pruner, journal } = this.#opened;
    if (this.#state === 'closed' || this.#promised) return;
    const pruning = pruner.plan(this.#last?.checkpoint.size ?? 0, Date.now(), journal.bytes);
    if (!pruning) return;
    this.#promise(pruning);
    await this.#writeCheckpoint('open');
  }

  /** On a full disk, what every destination has goes before new events must. */
  async #pruneShipped(): Promise<void> {
    const { pruner, reserve, shipped } = this.#opened;
    if (this.#state === 'closed') return;
    const covered = this.#last?.checkpoint.size ?? 0;
    const pruning =
      this.#promised ?? pruner.planForRoom(Math.min(covered, shipped?.() ?? 0), 2 * reserve.bytes);
    if (!pruning) return;
    reserve.release();
    if (pruning !== this.#promised) this.#promise(pruning);
    await this.#writeCheckpoint('open');
  }

  #promise(pruning: Pruning): void {
    const shipped = this.#opened.shipped?.() ?? Number.MAX_SAFE_INTEGER;
    this.#seal([pruneEvent(pruning, this.#first, shipped)]);
    this.#first = pruning.first;
    this.#promised = pruning;
  }

  async #keepPromise(): Promise<void> {
    const { pruner, journal } = this.#opened;
    if (!this.#promised) return;
    const { first } = this.#promised;
    await pruner.prune(this.#promised);
    await journal.dropBefore(first);
    this.#promised = undefined;
  }

  /** The bytes are kept; the next checkpoint tries to write them again. */
  #retryLater(error: Error): void {
    this.#trouble = error;
    if (this.#state === 'open')
      this.#checkpointTimer ??= setTimeout(() => this.#timedCheckpoint(), CHECKPOINT_INTERVAL_MS);
  }

  #queueCheckpoint(state: Checkpoint['state']): Promise<Checkpoint> {
    // One at a time: each names the one before it.
    const next = this.#checkpointing.catch(() => undefined).then(() => this.#writeCheckpoint(state));
    this.#checkpointing = next;
    if (state === 'open') this.#timedPrune();
    return next;
  }

  async #writeCheckpoint(state: Checkpoint['state'], nextKey?: VerifierKey): Promise<Checkpoint> {
    try {
      return await this.#signCheckpoint(state, nextKey);
    } catch (error) {
      this.#trouble = error as Error;
      // Nothing stays open on a disk that fails: it may have to be unmounted to be mended.
      await this.#opened.journal.close();
      throw error;
    }
  }

  async #signCheckpoint(state: Checkpoint['state'], nextKey?: VerifierKey): Promise<Checkpoint> {
    const { origin, directory, journal } = this.#opened;
    const checkpoint: Checkpoint = {
      origin,
      size: this.#tree.size,
      root: this.#tree.root(),
      first: this.#first,
      number: (this.#last?.checkpoint.number ?? -1) + 1,
      time: formatTimeNs(nowNs()),
      previous: this.#last?.hash,
      lost: this.#lost,
      state,
      nextKey: nextKey && formatVkey(nextKey),
    };
    // Group commit: everything the checkpoint covers is on disk before the checkpoint exists.
    await this.#tail.sync();
    const text = formatCheckpoint(checkpoint);
    const note = signNote(text, this.#verifierKey, this.#hostKey.privateKey);
    await written(journal.append(note, checkpoint.size));
    this.#last = { checkpoint, note, hash: checkpointHash(text) };
    await written(showNewest(directory, note));
    if (this.#promised && checkpoint.first === this.#promised.first) await this.#keepPromise();
    this.#trouble = undefined;
    if (state === 'open') this.#tellGaps();
    this.#grown();
    for (const listener of this.#checkpointListeners) listener({ checkpoint, note });
    return checkpoint;
  }

  #grown(): void {
    for (const listener of this.#listeners) listener(this.#tail.durable);
  }
}
