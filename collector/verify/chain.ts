import { checkpointHash } from '../log/checkpoint.ts';
import { readJournal, type StoredCheckpoint } from '../log/journal.ts';
import type { Keyring } from '../log/keyring.ts';
import { livingWriter } from '../log/lock.ts';
import { NoteError, parseNote } from '../log/note.ts';
import type { ProblemList } from './verdict.ts';

/**
 * Checks the checkpoints among themselves; returns those that are the log's own, oldest first.
 *
 * 1. Every note in the journal is well formed.
 * 2. Every one is signed by a trusted key, or by the successor that a trusted key named; or, before the first of
 *    those, it is what the next one names as its previous.
 * 3. A key that was replaced signs nothing after that.
 * 4. Numbers go up by one from the first, each names the hash of the one before, sizes never go down,
 *    and the origin stays the same.
 * 5. The file `checkpoint` is one of them.
 *
 * @param shown what the file `checkpoint` holds; read before the journal is, where a writer puts each checkpoint first
 */
export function checkChain(
  directory: string,
  shown: string | undefined,
  keys: Keyring,
  problems: ProblemList,
): StoredCheckpoint[] {
  const journal = readJournal(directory);
  const file = 'checkpoints';
  for (const { start, end, cause } of journal.faults)
    problems.add(
      'checkpoint',
      { file },
      `checkpoints, bytes ${start} to ${end}, hold no checkpoint: ${cause}`,
    );

  const { end, size } = journal;
  // Of a log that goes on, or that a crash ended, these are the beginning of a checkpoint.
  if (size > end && journal.checkpoints.at(-1)?.checkpoint.state === 'closed' && !livingWriter(directory))
    problems.add(
      'checkpoint',
      { file },
      `checkpoints goes on after the log was closed, from byte ${end}: the ${size - end} bytes there are no checkpoint`,
    );

  const { own, rest } = byChain(bySignature(journal.checkpoints, keys, problems));
  tellUnsigned(rest, keys, problems);
  let before: StoredCheckpoint | undefined;
  const first = own.at(-1)?.checkpoint.first ?? 0;
  for (const stored of own) {
    const problem = before ? linkProblem(before, stored) : beginProblem(stored, first);
    if (problem) problems.add('checkpoint', { file }, `${problem} (checkpoints, byte ${stored.start})`);
    before = stored;
  }
  checkNewest(shown, journal.checkpoints, keys, problems);
  return own;
}

interface Sorted {
  /** Ascending. */
  readonly own: StoredCheckpoint[];
  readonly rest: StoredCheckpoint[];
}

function bySignature(stored: readonly StoredCheckpoint[], keys: Keyring, problems: ProblemList): Sorted {
  const sorted: Sorted = { own: [], rest: [] };
  for (const one of stored) {
    const { checkpoint, start } = one;
    const signer = keys.signerOf(one.note);
    const unsigned = keys.whyUnsigned(checkpoint.number, one.note);
    if (!signer) sorted.rest.push(one);
    else if (unsigned !== undefined)
      problems.add(
        'key',
        { file: 'checkpoints' },
        `checkpoint ${checkpoint.number} (checkpoints, byte ${start}) ${unsigned}`,
      );
    else {
      sorted.own.push(one);
      keys.follow(checkpoint, signer);
    }
  }
  return sorted;
}

/** Who trusts a later key only has no key for what came before it; the hashes of the chain stand in. */
function byChain({ own, rest }: Sorted): Sorted {
  const unknown = [...rest];
  for (;;) {
    const first = own[0]?.checkpoint;
    const at = unknown.findIndex(
      ({ checkpoint, note }) =>
        checkpoint.number + 1 === first?.number && checkpointHash(note.text) === first.previous,
    );
    const found = unknown[at];
    if (!found) return { own, rest: unknown };
    own.unshift(found);
    unknown.splice(at, 1);
  }
}

/** What other keys signed is told as one: a log of another host has a checkpoint a second. */
function tellUnsigned(rest: readonly StoredCheckpoint[], keys: Keyring, problems: ProblemList): void {
  const tell = ({ checkpoint, note, start }: StoredCheckpoint, more: string): void =>
    problems.add(
      'checkpoint',
      { file: 'checkpoints' },
      `checkpoint ${checkpoint.number} (checkpoints, byte ${start}) of ${checkpoint.origin} ${keys.whyUnsigned(checkpoint.number, note)}${more}`,
    );
  const strangers: StoredCheckpoint[] = [];
  for (const stored of rest) {
    const isOurs = stored.note.signatures.some(({ keyId }) => keys.ids.includes(keyId));
    if (isOurs) tell(stored, '');
    else strangers.push(stored);
  }
  const [first, ...others] = strangers;
  if (first) tell(first, others.length === 0 ? '' : `; so are ${others.length} more by that or another key`);
}

/** A journal begins with checkpoint 0, or, where the log was pruned, with one over nothing but pruned records. */
function beginProblem({ checkpoint }: StoredCheckpoint, first: number): string | undefined {
  if (checkpoint.number === 0 || checkpoint.size <= first) return undefined;
  return `checkpoints 0 to ${checkpoint.number - 1} are missing: the first is number ${checkpoint.number}`;
}

/** What is wrong between a checkpoint and the one before it, or undefined. */
function linkProblem(before: StoredCheckpoint, stored: StoredCheckpoint): string | undefined {
  const { number, size, previous, origin, first } = stored.checkpoint;
  const last = before.checkpoint;
  if (origin !== last.origin)
    return `checkpoint ${number} is of the log ${origin}, the one before of ${last.origin}`;
  if (number > last.number + 1) return `checkpoints ${last.number + 1} to ${number - 1} are missing`;
  if (number <= last.number) return `checkpoint ${number} stands again after checkpoint ${last.number}`;
  if (previous !== checkpointHash(before.note.text))
    return `checkpoint ${number} follows another checkpoint ${last.number} than the one before it: the key signed two`;
  if (size < last.size)
    return `checkpoint ${number} covers ${size} records, fewer than the ${last.size} before`;
  if (first < last.first) return `checkpoint ${number} holds records from ${first}, which were pruned before`;
  return undefined;
}

/**
 * The file `checkpoint` is written after the journal, so it may lag by one after a crash. That it is ahead means
 * the journal lost its end: the mark that a rollback of journal and records leaves.
 */
function checkNewest(
  text: string | undefined,
  checkpoints: readonly StoredCheckpoint[],
  keys: Keyring,
  problems: ProblemList,
): void {
  const file = 'checkpoint';
  const last = checkpoints.at(-1);
  if (text === undefined) {
    if (last && last.checkpoint.number > 0)
      problems.add('missing', { file }, 'the file checkpoint is missing');
    return;
  }
  // Witnesses' lines may follow.
  if (checkpoints.some((stored) => text.startsWith(stored.text))) return;
  let signed = false;
  try {
    signed = keys.signerOf(parseNote(text)) !== undefined;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
  }
  problems.add(
    'checkpoint',
    { file },
    signed
      ? `the file checkpoint holds a signed checkpoint of ${text.split('\n')[1]} records that is not in the journal, which ends at ${last?.checkpoint.size ?? 0}: the end of the log was cut`
      : 'the file checkpoint was changed: it is not the newest checkpoint of the journal',
  );
}
