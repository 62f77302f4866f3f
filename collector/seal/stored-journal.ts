import { readIfThere } from '../log/files.ts';
import {
  isFault,
  type JournalFault,
  notesIn,
  parseStored,
  type RawNote,
  type StoredCheckpoint,
} from '../log/journal.ts';
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
    else if (faults.length < 2)
      faults.push({ start: raw.start, end: raw.end, cause: 'line 2, the tree size, is not a number' });
    if (shown && shown.length >= raw.bytes.length && raw.bytes.equals(shown.subarray(0, raw.bytes.length)))
      shownAt = raw.start;
    [before, newest] = [newest, raw];
  }
  const { end, size } = next.value;
  const last = newest && parseStored(newest);
  if (newest && last && isFault(last) && faults.at(-1)?.start !== newest.start) faults.push(last);
  const isTorn = newest !== undefined && last !== undefined && (isFault(last) || !isOurs(last));
  const others = faults.filter(({ start }) => start !== newest?.start);
  if (isTorn && newest && others.length === 0 && shownAt >= 0 && shownAt < newest.start) {
    const kept = before && parseStored(before);
    marks.dropFrom(newest.start);
    return kept && isFault(kept)
      ? { last: undefined, marks, end: newest.start, size, fault: kept }
      : { last: kept, marks, end: newest.start, size, fault: undefined };
  }
  return { last: last && !isFault(last) ? last : undefined, marks, end, size, fault: faults[0] };
}

const NEWLINE = 0x0a;

/** The second line of a note. */
function sizeIn(note: Buffer): number | undefined {
  const from = note.indexOf(NEWLINE) + 1;
  const to = note.indexOf(NEWLINE, from);
  const digits = note.toString('latin1', from, Math.min(to, from + 17));
  return /^\d{1,16}$/.test(digits) ? Number(digits) : undefined;
}
