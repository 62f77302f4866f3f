import { formatTimeNs, parseCheckpoint } from '../log/checkpoint.ts';
import { cosignedAt, type WitnessKey } from '../log/cosignature.ts';
import type { StoredCheckpoint } from '../log/journal.ts';
import { type Note, NoteError, parseNote } from '../log/note.ts';
import type { ProblemList, WitnessedUpTo } from './verdict.ts';

/** Answers of witnesses looked at, the newest: with some witnesses, what they said in the last minutes. */
export const MAX_COSIGNED = 256;

/** A log.witness record with a cosigned checkpoint in it. */
export interface CosignedRecord {
  readonly record: number;
  readonly note: string;
}

/**
 * Checks what the log's own records say that witnesses cosigned. One counts when the cosignature is by a key that is
 * believed, and the checkpoint is one of this log's chain. A good cosignature of a checkpoint that is not in the chain
 * is proof that the chain is another than the one the witness saw.
 */
export function checkWitnessed(
  records: readonly CosignedRecord[],
  witnesses: readonly WitnessKey[],
  chain: readonly StoredCheckpoint[],
  problems: ProblemList,
): WitnessedUpTo[] {
  const witnessed: WitnessedUpTo[] = [];
  for (const key of witnesses)
    for (const { record, note: text } of records.toReversed()) {
      const note = noteIn(text);
      const timeS = note && cosignedAt(note, key);
      if (!note || timeS === undefined) continue;
      const { number, size } = parseCheckpoint(note.text);
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
        `record ${record}: the witness ${key.name} cosigned another checkpoint ${number} than the one of this log`,
      );
    }
  return witnessed;
}

function noteIn(text: string): Note | undefined {
  try {
    return parseNote(text);
  } catch (error) {
    if (error instanceof NoteError) return undefined; // no cosignature of anybody's
    throw error;
  }
}
