/** What kind of thing is wrong; `spoor verify --json` prints these words. */
export type ProblemKind =
  /** A record's bytes are not those that were signed. */
  | 'changed'
  /** A record of another place or another log stands where one was signed. */
  | 'foreign'
  | 'copied'
  | 'swapped'
  | 'removed'
  | 'inserted'
  /** A file, or the end of one, is gone. */
  | 'missing'
  /** Records and stored hashes were both changed: known is only between which checkpoints. */
  | 'between'
  /** A stored hash is wrong and the record is intact. */
  | 'hash'
  /** A checkpoint was changed, removed, put in, or is not signed by the key. */
  | 'checkpoint'
  | 'key'
  /** The log says of itself what its records contradict. */
  | 'count';

export interface Problem {
  readonly kind: ProblemKind;
  /** Index of the first record concerned, or undefined when it is about none. */
  readonly record: number | undefined;
  /** File in the log's folder, or undefined. */
  readonly file: string | undefined;
  /** What, where, the value found and the value expected, in one line. */
  readonly message: string;
}

/**
 * What a log proves. Integrity (nothing signed was changed) and completeness (nothing is said to be missing)
 * are two answers: a log can be unaltered and state that events were lost.
 */
export interface Verdict {
  readonly origin: string;
  /** Ids of the keys that were trusted, and of those they named as their successors. */
  readonly keyIds: readonly string[];
  readonly integrity: 'intact' | 'broken';
  readonly problems: readonly Problem[];
  /** Problems past the limit that are not listed. */
  readonly moreProblems: number;
  /** First record the log still holds; records before it were pruned. */
  readonly first: number;
  /** Records covered by the last checkpoint that the key signed: 0 to size - 1. */
  readonly size: number;
  /** Records 0 to intact - 1 are as signed. */
  readonly intact: number;
  readonly checkpoints: number;
  readonly lastTime: string;
  /** Whether the last checkpoint says that the writer ended in order. */
  readonly closed: boolean;
  /** Whole records after the last checkpoint, which nobody vouches for yet. */
  readonly unsigned: number;
  /** The process that writes the log now. */
  readonly writer: { readonly pid: number; readonly command: string } | undefined;
  /** Events that the log itself states as lost. */
  readonly lost: bigint;
  /** Up to where witnesses vouch for the log, the newest word of each; empty when none does. */
  readonly witnessed: readonly WitnessedUpTo[];
  /** Times the writer did not end in order; after each, what was in memory is missing uncounted. */
  readonly interruptions: number;
}

/** A witness has seen that the log began with these records, and cosigns no other history of it. */
export interface WitnessedUpTo {
  readonly name: string;
  readonly keyId: string;
  readonly size: number;
  /** RFC 3339, by the witness's clock. */
  readonly time: string;
}

/** Problems listed; a log where everything is wrong is not told record by record. 100 lines, the rest counted. */
const MAX_PROBLEMS = 100;

export class ProblemList {
  readonly listed: Problem[] = [];
  #more = 0;

  get more(): number {
    return this.#more;
  }

  get any(): boolean {
    return this.listed.length > 0;
  }

  add(kind: ProblemKind, at: { record?: number | undefined; file?: string }, message: string): void {
    if (this.listed.length < MAX_PROBLEMS)
      this.listed.push({ kind, record: at.record, file: at.file, message });
    else this.#more++;
  }
}
