import { type Checkpoint, CheckpointError, parseCheckpoint } from '../log/checkpoint.ts';
import { HashMissingError, HashReader } from '../log/hashes.ts';
import { newestCheckpoint, readJournal, type StoredCheckpoint } from '../log/journal.ts';
import { leafHash } from '../log/merkle.ts';
import { isSignedBy, type Note, NoteError, parseNote, parseVkey, type VerifierKey } from '../log/note.ts';
import { consistencyProof, inclusionProof, isConsistent, isIncluded } from '../log/proof.ts';
import { readRecords } from '../log/reader.ts';
import { VerifyError } from './verify.ts';

/**
 * Proves that a record is in the log, as a C2SP tlog-proof: what somebody needs who has neither the log nor a
 * reason to trust it. The record itself travels as `extra`.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64 of the leaf>
 *     index 48211
 *     <base64 of each hash of the audit path, from the leaf's sibling upwards>
 *
 *     <the newest checkpoint, a signed note>
 *
 * @throws VerifyError when the record is not covered, is gone, or does not fit the signed tree
 */
export async function proveRecord(
  directory: string,
  index: number,
  keys: readonly VerifierKey[],
): Promise<string> {
  const stored = newest(directory, keys);
  const { size, root, number } = stored.checkpoint;
  if (index >= size)
    throw new VerifyError(
      `record ${index} is not covered by the newest checkpoint (${number}), which ends at ${size - 1}`,
    );
  const leaf = await leafAt(directory, index);
  const path = fromTiles(directory, (hashes) => inclusionProof(hashes, index, size));
  if (!isIncluded(leafHash(leaf), index, size, path, root))
    throw new VerifyError(`record ${index} is not as signed in checkpoint ${number}; see: spoor verify`);
  const lines = [
    'c2sp.org/tlog-proof@v1',
    `extra ${leaf.toString('base64')}`,
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ];
  return `${lines.join('\n')}\n\n${stored.text}`;
}

/** What an older checkpoint, kept elsewhere, says about the log of today. */
export interface SinceVerdict {
  readonly holds: boolean;
  /** One line for a person. */
  readonly message: string;
  /** RFC 6962 consistency proof, base64; empty when it does not hold. */
  readonly proof: readonly string[];
}

/**
 * Whether the log still begins with what an older checkpoint signed: neither rolled back nor rewritten since.
 * @param note text of the older checkpoint
 * @throws VerifyError when the note is no checkpoint of this log by this key
 */
export function checkSince(directory: string, note: string, keys: readonly VerifierKey[]): SinceVerdict {
  const old = readCheckpoint(note, keysOf(directory, keys));
  const now = newest(directory, keys).checkpoint;
  const refused = (message: string): SinceVerdict => ({ holds: false, message, proof: [] });
  if (old.origin !== now.origin)
    return refused(`checkpoint ${old.number} is of the log ${old.origin}, this is ${now.origin}`);
  if (old.size > now.size)
    return refused(
      `rolled back: checkpoint ${old.number} signed ${old.size} records at ${old.time}, the log signs ${now.size} now`,
    );
  const proof = fromTiles(directory, (hashes) => consistencyProof(hashes, old.size, now.size));
  if (!isConsistent(old, now, proof))
    return refused(
      `rewritten: the log does not begin with the ${old.size} records that checkpoint ${old.number} signed at ${old.time}`,
    );
  return {
    holds: true,
    message: `the ${old.size} records that checkpoint ${old.number} signed at ${old.time} are the beginning of this log`,
    proof: proof.map((hash) => hash.toString('base64')),
  };
}

function readCheckpoint(text: string, keys: readonly VerifierKey[]): Checkpoint {
  try {
    const note = parseNote(text);
    if (!isSignedByOne(note, keys))
      throw new VerifyError(`the older checkpoint is not signed by key ${idsOf(keys)}`);
    return parseCheckpoint(note.text);
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    throw new VerifyError(`the older checkpoint is none: ${error.message}`);
  }
}

function newest(directory: string, keys: readonly VerifierKey[]): StoredCheckpoint {
  const stored = newestCheckpoint(directory);
  if (!stored) throw new VerifyError(`${directory} has no checkpoints: it is no log, or its journal is gone`);
  if (!isSignedByOne(stored.note, keysOf(directory, keys)))
    throw new VerifyError(
      `checkpoint ${stored.checkpoint.number} is not signed by key ${idsOf(keys)}, nor by one it named`,
    );
  return stored;
}

/** The trusted keys and the successors they named in this log. */
function keysOf(directory: string, trusted: readonly VerifierKey[]): VerifierKey[] {
  const keys = [...trusted];
  for (const { checkpoint, note } of readJournal(directory).checkpoints)
    if (checkpoint.nextKey !== undefined && isSignedByOne(note, keys))
      keys.push(parseVkey(checkpoint.nextKey));
  return keys;
}

function isSignedByOne(note: Note, keys: readonly VerifierKey[]): boolean {
  return keys.some((key) => isSignedBy(note, key));
}

function idsOf(keys: readonly VerifierKey[]): string {
  return keys.map(({ keyId }) => keyId).join(' or ');
}

async function leafAt(directory: string, index: number): Promise<Buffer> {
  for await (const records of readRecords(directory, index, index + 1))
    for (const { leaf } of records) return leaf;
  throw new VerifyError(`record ${index} is not in ${directory}; see: spoor verify`);
}

function fromTiles<Result>(directory: string, read: (hashes: HashReader) => Result): Result {
  try {
    return read(new HashReader(directory));
  } catch (error) {
    if (!(error instanceof HashMissingError)) throw error;
    throw new VerifyError(`${directory}: ${error.message}`);
  }
}
