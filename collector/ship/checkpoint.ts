import type { Attributes, Event, EventName } from '../event.ts';
import { checkpointHash } from '../log/checkpoint.ts';
import { HashMissingError, HashReader } from '../log/hashes.ts';
import type { StoredCheckpoint } from '../log/journal.ts';
import { type CompactRange, HASH_BYTES } from '../log/merkle.ts';
import { encodeLeaf } from '../seal/encode.ts';

/** Leaf hashes in one record, 32 KiB: many receivers cut attributes that are much longer. */
const MAX_HASHES = 1_024;

const INFO = 9;
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Turns checkpoints into the records that follow the records they cover, so that a SIEM's copy can be verified with
 * the public key alone, also when parts of it are missing:
 *
 * - log.hashes: leaf hashes of the records since the checkpoint before, where there are more than fit the next;
 * - log.checkpoint: the signed note, the rest of those hashes, and the frontier, from which the tree can be
 *   continued without anything before it. Neither is trusted: both must give the signed root.
 *
 * None of these is a leaf of the log. The same checkpoint gives the same bytes and uids again.
 */
export class CheckpointEncoder {
  readonly #directory: string;
  /** The tree over the records of the last checkpoint encoded; undefined where the hashes were pruned. */
  #range: CompactRange | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param previousSize records that the checkpoint before covers; undefined when it is not in the journal any more */
  encode(stored: StoredCheckpoint, previousSize: number | undefined): Buffer[] {
    const { size, number } = stored.checkpoint;
    const timeMs = BigInt(Date.parse(stored.checkpoint.time));
    const hash = checkpointHash(stored.note.text);
    const note = {
      'spoor.checkpoint.note': stored.text,
      'spoor.checkpoint.number': number,
      'spoor.checkpoint.size': size,
    };
    const leaves = this.#advance(previousSize, size);
    if (!leaves || !this.#range) return [record('log.checkpoint', timeMs, hash, 0, note)];
    const records: Buffer[] = [];
    let first = size - leaves.length / HASH_BYTES;
    for (; size - first > MAX_HASHES; first += MAX_HASHES) {
      const at = leaves.length - (size - first) * HASH_BYTES;
      const some = leaves.subarray(at, at + MAX_HASHES * HASH_BYTES);
      records.push(record('log.hashes', timeMs, hash, records.length + 1, hashesFrom(first, some)));
    }
    const rest = leaves.subarray(leaves.length - (size - first) * HASH_BYTES);
    const frontier = { 'spoor.checkpoint.frontier': this.#range.subtrees() };
    records.push(
      record('log.checkpoint', timeMs, hash, 0, { ...note, ...frontier, ...hashesFrom(first, rest) }),
    );
    return records;
  }

  /** Goes on to the tree of `size` records; returns the leaf hashes of what was added. */
  #advance(previousSize: number | undefined, size: number): Buffer | undefined {
    if (previousSize === undefined) {
      this.#range = undefined;
      return undefined;
    }
    try {
      const hashes = new HashReader(this.#directory);
      if (this.#range?.size !== previousSize) this.#range = hashes.range(previousSize);
      const leaves = hashes.leaves(previousSize, size);
      for (let at = 0; at < leaves.length; at += HASH_BYTES) this.#range.append(leaves, at);
      return leaves;
    } catch (error) {
      if (!(error instanceof HashMissingError)) throw error;
      this.#range = undefined; // pruned; the checkpoint is sent without what would have helped
      return undefined;
    }
  }
}

function hashesFrom(first: number, leaves: Buffer): Attributes {
  return leaves.length === 0 ? {} : { 'spoor.hashes.first': first, 'spoor.hashes.leaves': leaves };
}

function record(name: EventName, timeMs: bigint, hash: string, part: number, attributes: Attributes): Buffer {
  const timeNs = timeMs * 1_000_000n;
  const event: Event = {
    name,
    uid: uidOf(timeMs, hash, part),
    timeNs,
    severity: INFO,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
  return encodeLeaf(event, 0, timeNs);
}

/** A ULID whose 80 free bits come from the checkpoint's hash and the part, so a repeat has the uid it had. */
function uidOf(timeMs: bigint, hash: string, part: number): string {
  let bits = (timeMs << 80n) | (BigInt(`0x${hash.slice(0, 20)}`) ^ BigInt(part));
  let uid = '';
  for (let digit = 0; digit < 26; digit++) {
    uid = BASE32[Number(bits & 31n)] + uid;
    bits >>= 5n;
  }
  return uid;
}
