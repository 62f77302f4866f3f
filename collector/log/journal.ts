import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { type Checkpoint, CheckpointError, parseCheckpoint } from './checkpoint.ts';
import { openRegular } from './files.ts';
import { type Note, NoteError, parseNote } from './note.ts';
import { journalPath } from './tiles.ts';

/**
 * The journal: every checkpoint of the log, oldest first, as signed notes with one empty line after each.
 * A note has exactly one empty line inside, between text and signatures, so two of them end a checkpoint.
 */

/** A checkpoint as it stands in the journal. */
export interface StoredCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** The note's exact text with its signatures. */
  readonly text: string;
  /** Byte offsets in the journal: of the note, and of what follows it. */
  readonly start: number;
  readonly end: number;
}

/** Something between two ends of the journal that is no checkpoint. */
export interface JournalFault {
  readonly start: number;
  readonly end: number;
  readonly cause: string;
}

export interface JournalContent {
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly faults: readonly JournalFault[];
  /** End of the last whole note; bytes past it are a note that was cut. */
  readonly end: number;
  readonly size: number;
}

/** Read from the end to find the newest checkpoint: some hundred notes. */
const TAIL_BYTES = 64 * 1024;

/** Read at once: some thousand notes. */
const READ_BYTES = 1024 * 1024;

/** The newest whole checkpoint, without reading all of a long journal; undefined when there is none. */
export function newestCheckpoint(directory: string): StoredCheckpoint | undefined {
  const size = statSync(journalPath(directory), { throwIfNoEntry: false })?.size ?? 0;
  if (size <= TAIL_BYTES) return readJournal(directory).checkpoints.at(-1);
  const tail = tailOf(directory, size - TAIL_BYTES);
  // A note begins after an empty line that no signature line follows.
  let start = tail.indexOf('\n\n');
  while (start >= 0 && tail.toString('utf8', start + 2, start + 5) === '—')
    start = tail.indexOf('\n\n', start + 2);
  const newest =
    start < 0 ? undefined : collected(notesOf(tail.subarray(start + 2), size - TAIL_BYTES + start + 2));
  return newest?.checkpoints.at(-1) ?? readJournal(directory).checkpoints.at(-1);
}

function tailOf(directory: string, from: number): Buffer {
  const file = openIfThere(journalPath(directory));
  if (file === undefined) return Buffer.alloc(0);
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}

/** Reads from a byte offset at which a note begins. A missing journal is an empty one. */
export function readJournal(directory: string, from = 0): JournalContent {
  return collected(notesIn(directory, from));
}

/** A stretch of the journal that ends as a note does. */
export interface RawNote {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface JournalEnd {
  /** End of the last whole note. */
  readonly end: number;
  readonly size: number;
}

/** Notes from a byte offset on, oldest first, a megabyte held at a time: a log may have signed one a second for weeks. */
export function* notesIn(directory: string, from = 0): Generator<RawNote, JournalEnd> {
  const file = openIfThere(journalPath(directory));
  if (file === undefined) return { end: from, size: 0 };
  try {
    const size = fstatSync(file).size;
    let held: Buffer = Buffer.alloc(0);
    let read = from;
    for (;;) {
      const { end } = yield* notesOf(held, read - held.length);
      const left = held.subarray(held.length - (read - end));
      if (read >= size) return { end, size };
      // Never written again: what was yielded may be kept.
      held = Buffer.allocUnsafe(left.length + Math.min(READ_BYTES, size - read));
      left.copy(held);
      const count = readSync(file, held, left.length, held.length - left.length, read);
      if (count === 0) return { end, size: read };
      held = held.subarray(0, left.length + count);
      read += count;
    }
  } finally {
    closeSync(file);
  }
}

/** A note in full, or what keeps it from being a checkpoint. */
export function parseStored({ bytes, start, end }: RawNote): StoredCheckpoint | JournalFault {
  const text = bytes.toString();
  try {
    const note = parseNote(text);
    return { checkpoint: parseCheckpoint(note.text), note, text, start, end };
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    return { start, end, cause: error.message };
  }
}

export function isFault(read: StoredCheckpoint | JournalFault): read is JournalFault {
  return 'cause' in read;
}

function openIfThere(path: string): number | undefined {
  try {
    return openRegular(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

export function formatJournalEntry(note: string): string {
  return `${note}\n`;
}

const EMPTY_LINE = Buffer.from('\n\n');

/** @param from byte offset of the first of these bytes */
function* notesOf(bytes: Buffer, from: number): Generator<RawNote, JournalEnd> {
  let at = 0;
  for (;;) {
    const textEnd = bytes.indexOf(EMPTY_LINE, at);
    const noteEnd = textEnd < 0 ? -1 : bytes.indexOf(EMPTY_LINE, textEnd + EMPTY_LINE.length);
    if (noteEnd < 0) return { end: from + at, size: from + bytes.length };
    const next = noteEnd + EMPTY_LINE.length;
    yield { bytes: bytes.subarray(at, noteEnd + 1), start: from + at, end: from + next };
    at = next;
  }
}

function collected(notes: Generator<RawNote, JournalEnd>): JournalContent {
  const checkpoints: StoredCheckpoint[] = [];
  const faults: JournalFault[] = [];
  for (let next = notes.next(); ; next = notes.next()) {
    if (next.done) return { checkpoints, faults, ...next.value };
    const read = parseStored(next.value);
    if (isFault(read)) faults.push(read);
    else checkpoints.push(read);
  }
}
