import { stat } from 'node:fs/promises';
import { type Checkpoint, CheckpointError, checkpointHash, parseCheckpoint } from '../log/checkpoint.ts';
import type { WitnessKey } from '../log/cosignature.ts';
import { Keyring } from '../log/keyring.ts';
import { CompactRange, HASH_BYTES, leafHash } from '../log/merkle.ts';
import { type Note, NoteError, parseNote, type VerifierKey } from '../log/note.ts';
import { LeafTable } from './leaf-table.ts';
import { type CopiedRecord, CopyError, readOtlpJson } from './otlp-json.ts';
import { holes, type Range, Ranges } from './ranges.ts';
import { type Problem, ProblemList, type WitnessedUpTo } from './verdict.ts';
import { type Cosigned, checkWitnessed, MAX_COSIGNED } from './witnessed.ts';

/** What a copy of a log proves, with nothing but the public key and the checkpoints in the copy. */
export interface CopyVerdict {
  readonly origin: string;
  readonly keyIds: readonly string[];
  /** Whether every record that could be checked is as signed; `unchecked` where no checkpoint of the key's is there. */
  readonly integrity: 'intact' | 'broken' | 'unchecked';
  /** Whether every record the checkpoints cover is there, from the first the log had at the last of them. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly moreProblems: number;
  /** Distinct records in the copy. */
  readonly records: number;
  /** Records shown to be as signed. */
  readonly proved: number;
  readonly present: readonly Range[];
  readonly missing: readonly Range[];
  /** Records present that no checkpoint of the copy can vouch for, and none contradicts. */
  readonly unproved: readonly Range[];
  /** Indices that came more than once, with the same content. */
  readonly repeated: readonly Range[];
  readonly checkpoints: number;
  /** Numbers of checkpoints that are not in the copy though later ones are. */
  readonly missingCheckpoints: readonly Range[];
  readonly lost: bigint;
  /** How far witnesses that are believed cosigned this history. */
  readonly witnessed: readonly WitnessedUpTo[];
  /** Attributes that were added on the way, with how many records carry them. */
  readonly foreignAttributes: ReadonlyMap<string, number>;
  /** Records of other logs in the same copy; left aside. */
  readonly otherLogs: number;
  /** The last line, where the file ends within it: what it held is not judged, and the copy not complete. */
  readonly cutLine: number | undefined;
}

interface CopiedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  readonly frontier: Buffer | undefined;
}

/**
 * Checks a SIEM's copy of a log.
 * @param witnesses keys of the witnesses to believe
 * @throws CopyError when the file cannot be read or is no OTLP-JSON, naming the line
 */
export async function verifyCopy(
  path: string,
  keys: readonly VerifierKey[],
  witnesses: readonly WitnessKey[] = [],
): Promise<CopyVerdict> {
  const origins = [...new Set(keys.map(({ name }) => name))];
  if (origins.length > 1)
    throw new CopyError(`the keys are of ${origins.length} logs (${origins.join(', ')}); name those of one`);
  try {
    if (!(await stat(path)).isFile())
      throw new CopyError(`${path} is no regular file, and a copy is read twice; save it to one first`);
    const check = new CopyCheck(await findKeys(path, keys), witnesses);
    const onCut = (line: number): void => check.cutIn(line);
    for await (const record of readOtlpJson(path, { onCut })) check.take(record);
    return check.verdict();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) throw new CopyError(`cannot read ${path} (${code})`);
    throw error;
  }
}

/** The trusted keys and the successors they name, wherever in the file the checkpoints that name them are. */
async function findKeys(path: string, trusted: readonly VerifierKey[]): Promise<Keyring> {
  const keys = new Keyring(trusted);
  const naming: { checkpoint: Checkpoint; note: Note }[] = [];
  for await (const { attributes } of readOtlpJson(path, { containing: 'nextkey ' })) {
    const opened = openNote(attributes['spoor.checkpoint.note']);
    if (typeof opened !== 'string' && opened.checkpoint.nextKey !== undefined) naming.push(opened);
  }
  for (const { checkpoint, note } of naming.sort((a, b) => a.checkpoint.number - b.checkpoint.number)) {
    const signer = keys.signerOf(note);
    if (signer) keys.follow(checkpoint, signer);
  }
  return keys;
}

/** A checkpoint and its note, or why the text is none. */
function openNote(text: unknown): { checkpoint: Checkpoint; note: Note } | string {
  if (typeof text !== 'string') return 'its spoor.checkpoint.note is no text';
  try {
    const note = parseNote(text);
    return { checkpoint: parseCheckpoint(note.text), note };
  } catch (error) {
    if (!(error instanceof NoteError || error instanceof CheckpointError)) throw error;
    return error.message;
  }
}

/** Takes the records of a copy in any order, then judges. */
export class CopyCheck {
  readonly #keys: Keyring;
  readonly #witnesses: readonly WitnessKey[];
  readonly #problems = new ProblemList();
  /** What the copy's records hash to, and what the shipped hashes say. */
  readonly #found = new LeafTable();
  readonly #told = new LeafTable();
  readonly #checkpoints = new Map<number, CopiedCheckpoint>();
  readonly #foreign = new Map<string, number>();
  readonly #repeated: number[] = [];
  readonly #cosigned: Cosigned[] = [];
  #records = 0;
  #otherLogs = 0;
  #cutLine: number | undefined;

  constructor(keys: Keyring, witnesses: readonly WitnessKey[]) {
    this.#keys = keys;
    this.#witnesses = witnesses;
  }

  take(record: CopiedRecord): void {
    if (record.keyId !== undefined && !this.#keys.ids.includes(record.keyId)) {
      this.#otherLogs++;
      return;
    }
    for (const name of record.foreign) this.#foreign.set(name, (this.#foreign.get(name) ?? 0) + 1);
    if (record.eventName === 'log.checkpoint') this.#takeCheckpoint(record);
    else if (record.eventName === 'log.hashes') this.#takeHashes(record);
    else this.#takeRecord(record);
  }

  /** The file ends within this line. */
  cutIn(line: number): void {
    this.#cutLine = line;
  }

  verdict(): CopyVerdict {
    const checkpoints = [...this.#checkpoints.values()].sort(
      (a, b) => a.checkpoint.number - b.checkpoint.number,
    );
    this.#checkChain(checkpoints);
    const cosigned = this.#cosigned.sort((a, b) => (a.record ?? 0) - (b.record ?? 0)).slice(-MAX_COSIGNED);
    const witnessed = checkWitnessed(cosigned, this.#witnesses, checkpoints, this.#problems);
    const last = checkpoints.at(-1)?.checkpoint;
    const proved = new Ranges();
    const unproved = new Ranges();
    const missing = new Ranges();
    // A copy that begins later: what comes before its first record is missing, and no tree can be built from there.
    const begin = Math.min(this.#found.begin(), this.#told.begin());
    missing.addRun(0, Math.min(begin, last?.size ?? 0) - 1);
    let range = begin === 0 ? new CompactRange() : undefined;
    let from = begin;
    for (const current of checkpoints) {
      range = this.#judge(range, from, current, { proved, unproved, missing }) ?? frontierOf(current);
      from = Math.max(from, current.checkpoint.size);
    }
    for (const index of this.#found.indices(from)) unproved.add(index);
    const present = new Ranges();
    for (const index of this.#found.indices(begin)) present.add(index);
    // What the log itself had pruned by its last checkpoint is not missing from the copy.
    const first = last?.first ?? 0;
    const gone = missing.list
      .filter(([, to]) => to >= first)
      .map(([start, to]) => [Math.max(start, first), to] as const);
    return {
      origin: last?.origin ?? '',
      keyIds: this.#keys.ids,
      integrity: this.#problems.any ? 'broken' : checkpoints.length === 0 ? 'unchecked' : 'intact',
      complete: gone.length === 0 && checkpoints.length > 0 && this.#cutLine === undefined,
      problems: this.#problems.listed,
      moreProblems: this.#problems.more,
      records: this.#records,
      proved: proved.count,
      present: present.list,
      missing: gone,
      unproved: unproved.list,
      repeated: Ranges.of(this.#repeated.sort((a, b) => a - b)).list,
      checkpoints: checkpoints.length,
      missingCheckpoints: holes(checkpoints.map(({ checkpoint }) => checkpoint.number)),
      lost: last?.lost ?? 0n,
      witnessed,
      foreignAttributes: this.#foreign,
      otherLogs: this.#otherLogs,
      cutLine: this.#cutLine,
    };
  }

  #takeRecord(record: CopiedRecord): void {
    const { line, leaf, fault, attributes } = record;
    const index = attributes['spoor.log.index'];
    if (!isIndex(index) || !leaf) {
      const which = typeof index === 'number' ? `record ${index}` : 'a record without spoor.log.index';
      this.#problems.add(
        'changed',
        typeof index === 'number' ? { record: index } : {},
        `line ${line}: ${which} cannot be a record of this log: ${fault || 'it has no place'}`,
      );
      return;
    }
    const how = this.#found.set(index, leafHash(leaf), 0);
    if (how === 'new') {
      this.#records++;
      this.#takeCosigned(index, record);
    } else if (how === 'same') this.#repeated.push(index);
    else
      this.#problems.add(
        'changed',
        { record: index },
        `line ${line}: record ${index} came again with another content; at most one of them was signed, or it is another host's: a copy of several hosts needs each record's resource (spoor.key.id)`,
      );
  }

  /** What a witness cosigned is a checkpoint of the log's, in the copy also where its own record is not. */
  #takeCosigned(index: number, record: CopiedRecord): void {
    const note = record.attributes['spoor.checkpoint.note'];
    if (record.eventName !== 'log.witness' || typeof note !== 'string') return;
    this.#cosigned.push({ record: index, note });
    this.#takeCheckpoint(record);
  }

  #takeHashes({ attributes }: CopiedRecord): void {
    const first = attributes['spoor.hashes.first'];
    const leaves = attributes['spoor.hashes.leaves'];
    // They are not signed: what is no list of hashes is none.
    if (!isIndex(first) || !(leaves instanceof Uint8Array)) return;
    const hashes = Buffer.from(leaves);
    for (let i = 0; (i + 1) * HASH_BYTES <= hashes.length; i++)
      this.#told.set(first + i, hashes, i * HASH_BYTES);
  }

  #takeCheckpoint(record: CopiedRecord): void {
    const { line, eventName, attributes } = record;
    const opened = openNote(attributes['spoor.checkpoint.note']);
    if (typeof opened === 'string') {
      this.#problems.add('checkpoint', {}, `line ${line}: a ${eventName} holds no checkpoint: ${opened}`);
      return;
    }
    const { checkpoint, note } = opened;
    const { number } = checkpoint;
    const unsigned = this.#keys.whyUnsigned(number, note);
    if (unsigned !== undefined) {
      this.#problems.add('checkpoint', {}, `line ${line}: checkpoint ${number} ${unsigned}`);
      return;
    }
    this.#takeHashes(record);
    const known = this.#checkpoints.get(number);
    if (known && known.note.text !== note.text)
      this.#problems.add(
        'checkpoint',
        {},
        `line ${line}: the key signed two checkpoints with number ${number}: the log was forked`,
      );
    const frontier = attributes['spoor.checkpoint.frontier'];
    const copied = {
      checkpoint,
      note,
      frontier: frontier instanceof Uint8Array ? Buffer.from(frontier) : undefined,
    };
    // Frontiers are not signed: a good one is not given up for one that comes later.
    const isBetter = !known || (frontierOf(known) === undefined && frontierOf(copied) !== undefined);
    if (isBetter) this.#checkpoints.set(number, copied);
  }

  #checkChain(checkpoints: readonly CopiedCheckpoint[]): void {
    for (const [i, { checkpoint }] of checkpoints.entries()) {
      const before = checkpoints[i - 1];
      if (!before || before.checkpoint.number !== checkpoint.number - 1) continue; // one is missing from the copy
      if (checkpoint.previous !== checkpointHash(before.note.text))
        this.#problems.add(
          'checkpoint',
          {},
          `checkpoint ${checkpoint.number} follows another checkpoint ${before.checkpoint.number} than the one in the copy: the log was forked`,
        );
    }
  }

  /**
   * Judges the records `from` to the checkpoint's size. The shipped hashes come first, since they are there also
   * where records are not; where they do not give the signed root, the records themselves.
   * @returns the tree at the checkpoint, where it could be reached
   */
  #judge(
    start: CompactRange | undefined,
    from: number,
    { checkpoint }: CopiedCheckpoint,
    into: { proved: Ranges; unproved: Ranges; missing: Ranges },
  ): CompactRange | undefined {
    const { size, root, number } = checkpoint;
    const byHashes =
      start && this.#reach(start, size, root, (index) => this.#told.get(index) ?? this.#found.get(index));
    const byRecords = byHashes
      ? undefined
      : start && this.#reach(start, size, root, (index) => this.#found.get(index));
    let absent = 0;
    for (let index = from; index < size; index++) {
      const found = this.#found.get(index);
      if (!found) {
        into.missing.add(index);
        absent++;
      } else if (byRecords) into.proved.add(index);
      else if (!byHashes) into.unproved.add(index);
      else if (found.equals(this.#told.get(index) ?? found)) into.proved.add(index);
      else
        this.#problems.add(
          'changed',
          { record: index },
          `record ${index} was changed: it hashes to ${short(found)}, checkpoint ${number} signed ${short(this.#told.get(index) ?? found)}`,
        );
    }
    // Every record is there and they do not give the root: one of them is not as signed.
    if (start && !byHashes && !byRecords && absent === 0 && size > from)
      this.#problems.add(
        'between',
        { record: from },
        `records ${from} to ${size - 1} are not those signed in checkpoint ${number}; which of them was changed cannot be told without its leaf hashes`,
      );
    return byHashes ?? byRecords;
  }

  #reach(
    start: CompactRange,
    size: number,
    root: Buffer,
    hashOf: (index: number) => Buffer | undefined,
  ): CompactRange | undefined {
    const range = start.clone();
    for (let index = start.size; index < size; index++) {
      const hash = hashOf(index);
      if (!hash) return undefined;
      range.append(hash, 0);
    }
    return range.root().equals(root) ? range : undefined;
  }
}

/** The tree as the checkpoint's frontier tells it, if that gives the signed root. */
function frontierOf({ checkpoint, frontier }: CopiedCheckpoint): CompactRange | undefined {
  const range = frontier && CompactRange.from(frontier, checkpoint.size);
  return range?.root().equals(checkpoint.root) ? range : undefined;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function short(hash: Buffer): string {
  return `${hash.toString('hex', 0, 8)}…`;
}
