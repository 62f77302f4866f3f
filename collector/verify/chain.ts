import { checkpointHash } from '../log/checkpoint.ts';
import { readIfThere } from '../log/files.ts';
import { readJournal, type StoredCheckpoint } from '../log/journal.ts';
import { isSignedBy, NoteError, parseNote, type VerifierKey } from '../log/note.ts';
import { checkpointPath } from '../log/tiles.ts';
import type { ProblemList } from './verdict.ts';

/**
 * Checks the checkpoints among themselves; returns those that the key signed, oldest first.
 *
 * 1. Every note in the journal is well formed.
 * 2. Every one is signed by the key.
 * 3. Numbers go up by one from the first, each names the hash of the one before, sizes never go down,
 *    and the origin stays the same.
 * 4. The file `checkpoint` is one of them.
 */
export function checkChain(directory: string, key: VerifierKey, problems: ProblemList): StoredCheckpoint[] {
  const journal = readJournal(directory);
  const file = 'checkpoints';
  for (const { start, end, cause } of journal.faults)
    problems.add(
      'checkpoint',
      { file },
      `checkpoints, bytes ${start} to ${end}, hold no checkpoint: ${cause}`,
    );

  // Those of another key are told as one: a log of another host has a checkpoint a second.
  const strangers: StoredCheckpoint[] = [];
  const signed = journal.checkpoints.filter((stored) => {
    if (isSignedBy(stored.note, key)) return true;
    if (!signersOf(stored).includes(key.keyId)) strangers.push(stored);
    else
      problems.add(
        'checkpoint',
        { file },
        `checkpoint ${stored.checkpoint.number} (checkpoints, byte ${stored.start}) was changed: its signature by key ${key.keyId} does not fit its text`,
      );
    return false;
  });
  const [stranger] = strangers;
  if (stranger) {
    const { number, origin } = stranger.checkpoint;
    const more = strangers.length === 1 ? '' : `; so are ${strangers.length - 1} more by that or another key`;
    problems.add(
      'checkpoint',
      { file },
      `checkpoint ${number} (checkpoints, byte ${stranger.start}) of ${origin} is signed by key ${signersOf(stranger).join(', ')}, not by ${key.keyId} of ${key.name}${more}`,
    );
  }

  let before: StoredCheckpoint | undefined;
  const first = signed.at(-1)?.checkpoint.first ?? 0;
  for (const stored of signed) {
    const problem = before ? linkProblem(before, stored) : beginProblem(stored, first);
    if (problem) problems.add('checkpoint', { file }, `${problem} (checkpoints, byte ${stored.start})`);
    before = stored;
  }
  checkNewest(directory, journal.checkpoints, key, problems);
  return signed;
}

function signersOf({ note }: StoredCheckpoint): string[] {
  return note.signatures.map((signature) => signature.keyId);
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
  directory: string,
  checkpoints: readonly StoredCheckpoint[],
  key: VerifierKey,
  problems: ProblemList,
): void {
  const file = 'checkpoint';
  const text = readIfThere(checkpointPath(directory))?.toString();
  const last = checkpoints.at(-1);
  if (text === undefined) {
    if (last && last.checkpoint.number > 0)
      problems.add('missing', { file }, 'the file checkpoint is missing');
    return;
  }
  if (checkpoints.some((stored) => stored.text === text)) return;
  let signed = false;
  try {
    signed = isSignedBy(parseNote(text), key);
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
