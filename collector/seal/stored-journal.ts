import { CheckpointError } from '../log/checkpoint.ts';
import { readIfThere } from '../log/files.ts';
import {
  type JournalFault,
  notesIn,
  parseStored,
  type RawNote,
  type StoredCheckpoint,
} from '../log/journal.ts';
import { NoteError } from '../log/note.ts';
import { checkpointPath } from '../log/tiles.ts';
import { JournalMarks } from './marks.ts';

/** The journal as its last writer left it: what the next writer needs of it, however many checkpoints it holds. */
export interface StoredJournal {
  /** The last checkpoint; undefined for a new log. */
  readonly last: StoredCheckpoint | undefined;
  readonly marks: JournalMarks;
  /** End of the last whole note. */
  readonly end: number;
  readonly size: number;
  /** What stands before the end and is no checkpoint. */
  readonly fault: JournalFault | undefined;
}

/**
 * Reads the journal, leaving out a last note that is no note, or not signed, if the file `checkpoint` holds one before
 * it: that file is written when a note is on disk, so this one never was.
 *
 * Of all notes but the last, only the size is read, 1.2 µs against 12: whether they are well formed and signed is asked by
 * `spoor verify`.
 */
export function readStoredJournal(
  directory: string,
  isOurs: (stored: StoredCheckpoint) => boolean,
): StoredJournal {
  // Witnesses' lines may follow.
  const shown = readIfThere(checkpointPath(directory));
  const marks = new JournalMarks();
  const faults: JournalFault[] = [];
  let shownAt = -1;
  let [before, newest]: (RawNote | undefined)[] = [];
  const notes = notesIn(directory);
  let next = notes.next();
  for (; !next.done; next = notes.next()) {
    const raw = next.value;
    const size = sizeIn(raw.bytes);
    if (size !== undefined) marks.add(size, raw.start);
    else if (faults.length < 2) faults.push(faultOf(raw, 'line 2, the tree size, is not a number'));
    if (shown && shown.length >= raw.bytes.length && raw.bytes.equals(shown.subarray(0, raw.bytes.length)))
      shownAt = raw.start;
    [before, newest] = [newest, raw];
  }
  const { end, size } = next.value;
  const last = newest && parsed(newest);
  if (newest && last && 'cause' in last && faults.at(-1)?.start !== newest.start) faults.push(last);
  const isTorn = newest !== undefined && last !== undefined && ('cause' in last || !isOurs(last));
  const others = faults.filter(({ start }) => start !== newest?.start);
  if (isTorn && newest && others.length === 0 && shownAt >= 0 && shownAt < newest.start) {
    const kept = before && parsed(before);
    marks.dropFrom(newest.start);
    return kept && 'cause' in kept
      ? { last: undefined, marks, end: newest.start, size, fault: kept }
      : { last: kept, marks, end: newest.start, size, fault: undefined };
  }
  return { last: last && !('cause' in last) ? last : undefined, marks, end, size, fault: faults[0] };
}

const NEWLINE = 0x0a;

/** The second line of a note. */
function sizeIn(note: Buffer): number | undefined {
  const from = note.indexOf(NEWLINE) + 1;
  const to = note.indexOf(NEWLINE, from);
  const digits = note.toString('latin1', from, Math.min(to, from + 17));
  return /^\d{1,16}$/.test(digits) ? Number(digits) : undefined;
}

function parsed(raw: RawNote): StoredCheckpoint | JournalFault {
  try {
    return parseStored(raw);
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    return faultOf(raw, error.message);
  }
}

function faultOf({ start, end }: RawNote, cause: string): JournalFault {
  return { start, end, cause };
}
