import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Event } from '../event.ts';
import { type Checkpoint, checkpointHash, formatCheckpoint, formatTimeNs } from '../log/checkpoint.ts';
import { syncDirectory } from '../log/files.ts';
import type { StoredCheckpoint } from '../log/journal.ts';
import { type Lock, takeLock } from '../log/lock.ts';
import { HASH_BYTES, hashLeafInPlace } from '../log/merkle.ts';
import { formatVkey, signNote, type VerifierKey, verifierKey } from '../log/note.ts';
import { checkpointPath, TILE_WIDTH } from '../log/tiles.ts';
import type { TileTree } from '../log/tree.ts';
import { newUid } from '../uid.ts';
import { EncodeError, LeafEncoder } from './encode.ts';
import { fitEvent, MAX_ENTRY_BYTES } from './fit.ts';
import { adoptNextKey, type HostKey, HostKeyError, nextKey, publishKey } from './hostkey.ts';
import { JournalWriter } from './journal.ts';
import { keyEvent, nowNs, openEvent, pruneEvent, refusedEvent } from './own-events.ts';
import { writePartials } from './partials.ts';
import { DEFAULT_MAX_BYTES, Pruner, type Retention } from './prune.ts';
import { type Recovered, recoverLog } from './recover.ts';
import { Tail } from './tail.ts';

/** From the first unsigned record to its checkpoint; with the time of the disk still about one a second. */
const CHECKPOINT_INTERVAL_MS = 900;

/**
 * From the first record that a power cut could take to its fdatasync. Exporters send only what is durable,
 * so this is part of the way from an act to the receiver; ten flushes a second at most, none while idle.
 */
const SYNC_INTERVAL_MS = 100;

/** Between two looks at the age of the oldest records while nothing arrives; each checkpoint looks too. */
const PRUNE_INTERVAL_MS = 60_000;

/** First size of a bundle's memory; 256 ordinary records of 600 bytes. Grows to 16 MiB when all are of the longest. */
const BUNDLE_BYTES = 192 * 1024;

export interface SealOptions {
  /** Folder of the log, such as STATE/log; made if missing. */
  readonly directory: string;
  readonly hostKey: HostKey;
  /** Names this machine in the log's origin: no blanks, no plus sign. */
  readonly hostId: string;
  /** How much of the log is kept; 1 GiB of any age when left out. */
  readonly retention?: Retention;
  /** Records that every destination has; for stating what was deleted unshipped. Without destinations: all of them. */
  readonly shipped?: () => number;
}

/** Stage 6, seal: events become records of the signed, append-only log. */
export interface Seal {
  /**
   * Encodes, hashes and takes the events as the next records, in order. Does not wait for the disk.
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
  /** Why the log could not be written last time; undefined while it can be. */
  readonly trouble: Error | undefined;
  /** Changes when the key is rotated. */
  readonly verifierKey: VerifierKey;
}

/**
 * Opens the log for writing, or begins a new one; brings it back to its last whole record after a crash.
 * The first record of each opening is a log.open event that says how the log was found.
 *
 * @throws LockError when another process writes it
 * @throws LogDamagedError when it contradicts its last checkpoint
 */
export async function openSeal(options: SealOptions): Promise<Seal> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = takeLock(directory);
  try {
    const recovered = recoverLog(directory, options.hostKey);
    const hostKey = finishRotation(options.hostKey, recovered.last);
    const origin = recovered.last?.checkpoint.origin ?? `spoor/${options.hostId}/${newUid(Date.now())}`;
    publishKey(hostKey, origin);
    const journal = await JournalWriter.open(directory, recovered.checkpoints);
    syncDirectory(directory);
    const first = recovered.last?.checkpoint.first ?? 0;
    const retention = options.retention ?? { maxBytes: DEFAULT_MAX_BYTES };
    const pruner = await Pruner.open(directory, retention, first, recovered.tree.size);
    const shipped = options.shipped ?? (() => Number.MAX_SAFE_INTEGER);
    const seal = new LogSeal({ directory, hostKey, lock, journal, pruner, shipped, origin, recovered });
    seal.append([openEvent(recovered, seal.verifierKey, hostKey)]);
    await seal.checkpoint();
    await seal.rotateIfAsked();
    return seal;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A crash may have come after the old key signed the new one and before the new one took its place. */
function finishRotation(hostKey: HostKey, last: StoredCheckpoint | undefined): HostKey {
  const named = last?.checkpoint.nextKey;
  const vkeyOf = (key: HostKey): string =>
    formatVkey(verifierKey(last?.checkpoint.origin ?? '', key.publicKey));
  if (named === undefined || named === vkeyOf(hostKey)) return hostKey;
  const next = nextKey(hostKey.directory);
  if (!next || vkeyOf(next) !== named)
    throw new HostKeyError(
      `${hostKey.directory}/next.key is not the key that the last checkpoint names as the next (${named}); restore it`,
    );
  adoptNextKey(hostKey.directory);
  return next;
}

interface Opened {
  readonly directory: string;
  readonly hostKey: HostKey;
  readonly lock: Lock;
  readonly journal: JournalWriter;
  readonly pruner: Pruner;
  readonly shipped: () => number;
  readonly origin: string;
  readonly recovered: Recovered;
}

class LogSeal implements Seal {
  #hostKey: HostKey;
  #verifierKey: VerifierKey;
  readonly #keyWatch: FSWatcher;
  readonly #opened: Opened;
  readonly #encoder = new LeafEncoder();
  readonly #tree: TileTree;
  readonly #tail: Tail;
  readonly #listeners: ((durable: number) => void)[] = [];
  /** Entries of the unfinished bundle that are not on their way to the disk yet. */
  #bundle = Buffer.allocUnsafeSlow(BUNDLE_BYTES);
  #used = 0;
  /** Bytes of the unfinished bundle, wherever they are. */
  #bundleBytes: number;
  /** Records of the bundle whose bytes are already on their way. */
  #handedOver: number;
  #first: number;
  #lost: bigint;
  #last: { readonly checkpoint: Checkpoint; readonly hash: string } | undefined;
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
    this.#handedOver = this.#tree.size % TILE_WIDTH;
    this.#bundleBytes = recovered.entriesBytes;
    this.#tail = new Tail(opened.directory, this.#tree.size, {
      bundle: Math.floor(this.#tree.size / TILE_WIDTH),
      entriesBytes: recovered.entriesBytes,
      hashesBytes: this.#handedOver * HASH_BYTES,
    });
    const last = recovered.last;
    this.#last = last && { checkpoint: last.checkpoint, hash: checkpointHash(last.note.text) };
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

  onGrow(listener: (durable: number) => void): void {
    this.#listeners.push(listener);
  }

  append(batch: readonly Event[]): void {
    if (this.#state === 'closed') throw new Error('the log is closed; nothing can be appended');
    const observedNs = nowNs();
    let refused: EncodeError | undefined;
    for (const event of batch) {
      try {
        this.#appendOne(event, observedNs);
      } catch (error) {
        if (!(error instanceof EncodeError)) throw error;
        refused ??= error;
        this.#appendOne(refusedEvent(event), observedNs);
      }
    }
    this.#handOver('partial');
    this.#checkpointTimer ??= setTimeout(() => this.#timedCheckpoint(), CHECKPOINT_INTERVAL_MS);
    this.#syncTimer ??= setTimeout(() => this.#timedSync(), SYNC_INTERVAL_MS);
    if (refused) throw refused;
  }

  checkpoint(): Promise<Checkpoint> {
    return this.#queueCheckpoint('open');
  }

  async close(): Promise<Checkpoint> {
    if (this.#state === 'closed') throw new Error('the log is closed already');
    this.#state = 'closed';
    clearTimeout(this.#checkpointTimer);
    clearTimeout(this.#syncTimer);
    clearInterval(this.#pruneTimer);
    this.#keyWatch.close();
    const { directory, journal, lock } = this.#opened;
    try {
      const checkpoint = await this.#queueCheckpoint('closed');
      await this.#tail.close();
      writePartials(directory, this.#tree);
      return checkpoint;
    } finally {
      await journal.close();
      lock.release();
    }
  }

  #appendOne(event: Event, observedNs: bigint): void {
    const index = this.#tree.size;
    let size = this.#encoder.measure(event, index, observedNs);
    if (size > MAX_ENTRY_BYTES) {
      const fitted = fitEvent(this.#encoder, event, index, observedNs);
      size = this.#encoder.measure(fitted, index, observedNs);
    }
    this.#makeRoom(2 + size);
    const start = this.#used + 2;
    this.#bundle.writeUInt16BE(size, this.#used);
    this.#used = this.#encoder.write(this.#bundle, start);
    this.#bundleBytes += 2 + size;
    hashLeafInPlace(this.#bundle, start, this.#used, this.#tree.leafHashes, this.#tree.leafAt);
    if (event.name === 'sensor.gap') this.#lost += BigInt(event.attributes['spoor.gap.count'] ?? 0);

    const leafHashes = this.#tree.leafHashes;
    const fullTiles = this.#tree.advance();
    if (fullTiles.length === 0) return;
    this.#handOver('full', leafHashes);
    this.#opened.pruner.grew(this.#bundleBytes);
    this.#bundleBytes = 0;
    for (const tile of fullTiles) if (tile.level > 0) this.#tail.push(tile);
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#bundle.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bundle.length, this.#used + bytes));
    this.#bundle.copy(larger, 0, 0, this.#used);
    this.#bundle = larger;
  }

  /** Gives what is encoded to the disk, without waiting for it. */
  #handOver(part: 'partial' | 'full', leafHashes = this.#tree.leafHashes): void {
    const size = this.#tree.size;
    const count = part === 'full' ? TILE_WIDTH : size % TILE_WIDTH;
    if (count === this.#handedOver) return;
    this.#tail.push({
      bundle: Math.floor((size - 1) / TILE_WIDTH),
      entries: this.#bundle.subarray(0, this.#used),
      hashes: leafHashes.subarray(this.#handedOver * HASH_BYTES, count * HASH_BYTES),
      size,
      full: part === 'full',
    });
    this.#used = 0;
    this.#handedOver = part === 'full' ? 0 : count;
  }

  #timedSync(): void {
    this.#syncTimer = undefined;
    this.#tail.sync().then(
      () => this.#grown(),
      (error: Error) => this.#retryLater(error),
    );
  }

  #timedCheckpoint(): void {
    this.#checkpointTimer = undefined;
    if (this.#last?.checkpoint.size === this.#tree.size) return;
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
    this.#checkpointing = this.#checkpointing
      .catch(() => undefined)
      .then(() => this.#prune())
      .catch((error: Error) => this.#retryLater(error));
  }

  /**
   * Deletes what retention does not keep. First the log says so, signed and on disk; a crash in between leaves
   * files that the next opening deletes.
   */
  async #prune(): Promise<void> {
    const { pruner, journal } = this.#opened;
    const pruning =
      this.#state === 'open' ? pruner.plan(this.#last?.checkpoint.size ?? 0, Date.now()) : undefined;
    if (!pruning) return;
    this.append([pruneEvent(pruning, this.#first, this.#opened.shipped())]);
    this.#first = pruning.first;
    await this.#writeCheckpoint('open');
    await journal.dropBefore(pruning.first);
    await pruner.prune(pruning);
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
    await journal.append(note, checkpoint.size);
    this.#last = { checkpoint, hash: checkpointHash(text) };
    // For readers only: the journal is the truth, so this file need not survive a power cut.
    await writeFile(`${checkpointPath(directory)}.next`, note, { mode: 0o600 });
    await rename(`${checkpointPath(directory)}.next`, checkpointPath(directory));
    this.#trouble = undefined;
    this.#grown();
    return checkpoint;
  }

  #grown(): void {
    for (const listener of this.#listeners) listener(this.#tail.durable);
  }
}
