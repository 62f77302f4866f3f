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

/** The newest whole checkpoint, without reading all of a long journal; undefined when there is none. */
export function newestCheckpoint(directory: string): StoredCheckpoint | undefined {
  const size = statSync(journalPath(directory), { throwIfNoEntry: false })?.size ?? 0;
  if (size <= TAIL_BYTES) return readJournal(directory).checkpoints.at(-1);
  const tail = readBytes(directory, size - TAIL_BYTES);
  // A note begins after an empty line that no signature line follows.
  let start = tail.indexOf('\n\n');
  while (start >= 0 && tail.toString('utf8', start + 2, start + 5) === '—')
    start = tail.indexOf('\n\n', start + 2);
  const newest =
    start < 0 ? undefined : parseJournal(tail.subarray(start + 2), size - TAIL_BYTES + start + 2);
  return newest?.checkpoints.at(-1) ?? readJournal(directory).checkpoints.at(-1);
}

/** Reads from a byte offset at which a note begins. A missing journal is an empty one. */
export function readJournal(directory: string, from = 0): JournalContent {
  return parseJournal(readBytes(directory, from), from);
}

function readBytes(directory: string, from: number): Buffer {
  let file: number;
  try {
    file = openRegular(journalPath(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return Buffer.alloc(0);
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(file, bytes, read, bytes.length - read, from + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

export function formatJournalEntry(note: string): string {
  return `${note}\n`;
}

function parseJournal(bytes: Buffer, from: number): JournalContent {
  const checkpoints: StoredCheckpoint[] = [];
  const faults: JournalFault[] = [];
  let at = 0;
  for (;;) {
    const textEnd = bytes.indexOf('\n\n', at);
    const noteEnd = textEnd < 0 ? -1 : bytes.indexOf('\n\n', textEnd + 2);
    if (noteEnd < 0) break;
    const text = bytes.toString('utf8', at, noteEnd + 1);
    const [start, end] = [from + at, from + noteEnd + 2];
    try {
      const note = parseNote(text);
      checkpoints.push({ checkpoint: parseCheckpoint(note.text), note, text, start, end });
    } catch (error) {
      if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
      faults.push({ start, end, cause: error.message });
    }
    at = noteEnd + 2;
  }
  return { checkpoints, faults, end: from + at, size: from + bytes.length };
}
