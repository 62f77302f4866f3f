import { type Checkpoint, CheckpointError, parseCheckpoint } from '../log/checkpoint.ts';
import { HashMissingError, HashReader } from '../log/hashes.ts';
import { newestCheckpoint, readJournal, type StoredCheckpoint } from '../log/journal.ts';
import { Keyring } from '../log/keyring.ts';
import { leafHash } from '../log/merkle.ts';
import { type Note, NoteError, parseNote, type VerifierKey } from '../log/note.ts';
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
  const stored = newest(directory, keysOf(directory, keys));
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
 * @param called what messages call it, by its file where there is one
 * @throws VerifyError when the note is no checkpoint of this log by this key
 */
export function checkSince(
  directory: string,
  note: string,
  keys: readonly VerifierKey[],
  called = 'the older checkpoint',
): SinceVerdict {
  const keyring = keysOf(directory, keys);
  const now = newest(directory, keyring).checkpoint;
  const refused = (message: string): SinceVerdict => ({ holds: false, message, proof: [] });
  const { checkpoint: old, note: signed } = readCheckpoint(note, called);
  if (old.origin !== now.origin)
    return refused(`checkpoint ${old.number} is of the log ${old.origin}, this is ${now.origin}`);
  const unsigned = keyring.whyUnsigned(old.number, signed);
  if (unsigned !== undefined) throw new VerifyError(`${called} ${unsigned}`);
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

interface Signed {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

function readCheckpoint(text: string, called: string): Signed {
  try {
    const note = parseNote(text);
    return { checkpoint: parseCheckpoint(note.text), note };
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    throw new VerifyError(`${called} is no checkpoint: ${error.message}`);
  }
}

function newest(directory: string, keyring: Keyring): StoredCheckpoint {
  const stored = newestCheckpoint(directory);
  if (!stored) throw new VerifyError(`${directory} has no checkpoints: it is no log, or its journal is gone`);
  const unsigned = keyring.whyUnsigned(stored.checkpoint.number, stored.note);
  if (unsigned !== undefined) throw new VerifyError(`checkpoint ${stored.checkpoint.number} ${unsigned}`);
  return stored;
}

/** The trusted keys, and the successors they named in this log. @throws VerifyError when one named is of another log */
function keysOf(directory: string, trusted: readonly VerifierKey[]): Keyring {
  const keyring = new Keyring(trusted);
  try {
    for (const { checkpoint, note } of readJournal(directory).checkpoints) {
      const signer = checkpoint.nextKey === undefined ? undefined : keyring.signerOf(note);
      if (signer) keyring.follow(checkpoint, signer);
    }
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new VerifyError(`${directory}/checkpoints: ${error.message}`);
  }
  return keyring;
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
