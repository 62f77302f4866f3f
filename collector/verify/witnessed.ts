import { type Checkpoint, CheckpointError, formatTimeNs, parseCheckpoint } from '../log/checkpoint.ts';
import { cosignedAt, type WitnessKey } from '../log/cosignature.ts';
import { type Note, NoteError, parseNote } from '../log/note.ts';
import type { ProblemList, WitnessedUpTo } from './verdict.ts';

/** Answers of witnesses looked at, the newest: with some witnesses, what they said in the last minutes. */
export const MAX_COSIGNED = 256;

/** A checkpoint of the log's chain, its key already looked at. */
export interface ChainedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/** A checkpoint that a witness is said to have cosigned: in a log.witness record, or in the file `checkpoint`. */
export interface Cosigned {
  readonly record: number | undefined;
  readonly note: string;
}

/**
 * Checks what the log itself, the oldest first, says that witnesses cosigned. One counts when the cosignature is by a key that is
 * believed, and the checkpoint is one of this log's chain. A good cosignature of a checkpoint that is not in the chain
 * is proof that the chain is another than the one the witness saw.
 */
export function checkWitnessed(
  records: readonly Cosigned[],
  witnesses: readonly WitnessKey[],
  chain: readonly ChainedCheckpoint[],
  problems: ProblemList,
): WitnessedUpTo[] {
  const witnessed: WitnessedUpTo[] = [];
  for (const key of witnesses)
    for (const { record, note: text } of records.toReversed()) {
      const opened = open(text);
      const timeS = opened && cosignedAt(opened.note, key);
      if (!opened || timeS === undefined) continue;
      const { note } = opened;
      const { number, size } = opened.checkpoint;
      const own = chain.find(({ checkpoint }) => checkpoint.number === number);
      // A checkpoint whose records were pruned may have gone from the journal.
      if (!own && number < (chain[0]?.checkpoint.number ?? 0)) continue;
      if (own?.note.text === note.text) {
        witnessed.push({
          name: key.name,
          keyId: key.keyId,
          size,
          time: formatTimeNs(BigInt(timeS) * 1_000_000_000n),
        });
        break;
      }
      problems.add(
        'checkpoint',
        { record },
        `${record === undefined ? 'the file checkpoint' : `record ${record}`}: the witness ${key.name} cosigned another checkpoint ${number} than the one of this log`,
      );
    }
  return witnessed;
}

function open(text: string): { readonly note: Note; readonly checkpoint: Checkpoint } | undefined {
  try {
    const note = parseNote(text);
    return { note, checkpoint: parseCheckpoint(note.text) };
  } catch (error) {
    // No cosignature of anybody's, or one of a log of another kind.
    if (error instanceof NoteError || error instanceof CheckpointError) return undefined;
    throw error;
  }
}
