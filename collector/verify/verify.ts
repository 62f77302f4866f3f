import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Checkpoint } from '../log/checkpoint.ts';
import { parseWitnessKey, type WitnessKey } from '../log/cosignature.ts';
import { readIfThere } from '../log/files.ts';
import { HashMissingError, HashReader } from '../log/hashes.ts';
import { newestCheckpoint, type StoredCheckpoint } from '../log/journal.ts';
import { Keyring } from '../log/keyring.ts';
import { livingWriter } from '../log/lock.ts';
import { HASH_BYTES } from '../log/merkle.ts';
import { NoteError, parseVkey, type VerifierKey } from '../log/note.ts';
import { firstRecord } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { checkpointPath, TILE_WIDTH } from '../log/tiles.ts';
import { type LoadedBundle, loadBundle } from './bundle.ts';
import { checkChain } from './chain.ts';
import { diagnoseBundle, range, sameHash } from './diagnose.ts';
import { checkStoredTiles } from './stored.ts';
import { ProblemList, type Verdict } from './verdict.ts';
import { type Part, Walk, walkTo } from './walk.ts';
import { type Cosigned, checkWitnessed, MAX_COSIGNED } from './witnessed.ts';

/** Bundles between two chances for others to run: some 20 ms. */
const BUNDLES_A_TURN = 64;

/** Looks at a log whose beginning retention deletes under the reader; each takes some 10 s a GiB. */
const MAX_LOOKS = 3;

/** A log that cannot be verified at all: names what is missing and the mend. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';
}

/**
 * Checks a log: every checkpoint against the key and each other, every record against the tree they sign.
 *
 * Between two checkpoints the leaf hashes are taken from the records; where those do not give the signed root,
 * from the hash tiles, which then tell exactly which records are wrong; where neither does, the place is known
 * to lie between the two checkpoints, and what follows cannot be vouched for.
 *
 * @param keys the keys to trust; without them those published beside the log (../key/host.pub), which shows that
 *   the log fits itself and no more
 * @param witnesses keys of the witnesses to believe; without them those published beside the log
 * @throws VerifyError when there is no log, or no key for it
 */
export async function verifyLog(
  directory: string,
  keys?: readonly VerifierKey[],
  witnesses: readonly WitnessKey[] = witnessesBeside(directory),
): Promise<Verdict> {
  for (let looks = 1; ; looks++) {
    const verdict = await look(directory, keys ?? keysBeside(directory), witnesses);
    // What retention deleted since the journal was read is missing from no log.
    const wasPruned = verdict.integrity === 'broken' && firstRecord(directory) > verdict.first;
    if (!wasPruned || looks === MAX_LOOKS) return verdict;
  }
}

async function look(
  directory: string,
  keys: readonly VerifierKey[],
  witnesses: readonly WitnessKey[],
): Promise<Verdict> {
  // Before the journal, where a writer puts each checkpoint first: read later, it may be of a time that journal ends before.
  const shown = readIfThere(checkpointPath(directory))?.toString();
  const newest = newestCheckpoint(directory);
  const keyring = new Keyring(keys);
  const problems = new ProblemList();
  const signed = checkChain(directory, shown, keyring, problems);
  const last = signed.at(-1);
  if (!newest) throw new VerifyError(`${directory} has no checkpoints: it is no log, or its journal is gone`);

  const check = new TreeCheck(directory, last?.checkpoint, problems);
  for (const stored of signed) if (stored.checkpoint.size >= check.first) await check.upTo(stored);
  const tail = check.tail(last);
  if (last && check.walk) checkStoredTiles(directory, check.walk, problems);
  // Only where every record is as signed: a record that is gone has been told, and its count with it.
  const allThere = problems.listed.every(({ record }) => record === undefined);
  if (last && check.walk && allThere && check.lost !== last.checkpoint.lost)
    problems.add(
      'count',
      {},
      `checkpoint ${last.checkpoint.number} says that ${last.checkpoint.lost} events were lost, the records say ${check.lost}`,
    );
  const cosigned =
    shown === undefined ? check.cosigned : [...check.cosigned, { record: undefined, note: shown }];
  const witnessed = checkWitnessed(cosigned, witnesses, signed, problems);
  const firstWrong = problems.listed.reduce(
    (least, { record }) => Math.min(least, record ?? least),
    Infinity,
  );
  return {
    origin: newest.checkpoint.origin,
    keyIds: keyring.ids,
    integrity: problems.any ? 'broken' : 'intact',
    problems: problems.listed,
    moreProblems: problems.more,
    first: check.first,
    size: last?.checkpoint.size ?? 0,
    intact: Math.min(check.vouched, firstWrong),
    checkpoints: signed.length,
    lastTime: last?.checkpoint.time ?? '',
    closed: last?.checkpoint.state === 'closed' && tail === 0,
    unsigned: tail,
    writer: livingWriter(directory),
    lost: check.lost,
    witnessed,
    interruptions: check.interruptions,
  };
}

/**
 * The keys published beside the log for its origin.
 * @throws VerifyError when there is none
 */
export function keysBeside(directory: string): VerifierKey[] {
  const origin = newestCheckpoint(directory)?.checkpoint.origin;
  const path = join(directory, '..', 'key', 'host.pub');
  return readKeys(readIfThere(path)?.toString() ?? '', path, origin);
}

/**
 * The keys of a file of verifier keys, a line each; of those for `origin`, where there are any.
 * @throws VerifyError naming the file when there is none, or a line that is no key
 */
export function readKeys(text: string, path: string, origin?: string): VerifierKey[] {
  try {
    const keys = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(parseVkey);
    if (keys.length === 0)
      throw new VerifyError(`${path} holds no key; name the log's public key with --key FILE`);
    const ofOrigin = keys.filter(({ name }) => name === origin);
    return ofOrigin.length > 0 ? ofOrigin : keys;
  } catch (error) {
    if (error instanceof NoteError) throw new VerifyError(`${path}: ${error.message}`);
    throw error;
  }
}

/** The keys of witnesses published beside the log. @throws VerifyError naming the file for a line that is no key */
export function witnessesBeside(directory: string): WitnessKey[] {
  const path = join(directory, '..', 'key', 'witness.pub');
  return readWitnessKeys(readIfThere(path)?.toString() ?? '', path);
}

/** The witness keys of a file, a line each. @throws VerifyError naming the file for a line that is no key */
export function readWitnessKeys(text: string, path: string): WitnessKey[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(parseWitnessKey);
  } catch (error) {
    if (error instanceof NoteError) throw new VerifyError(`${path}: ${error.message}`);
    throw error;
  }
}

class TreeCheck {
  readonly #directory: string;
  readonly #problems: ProblemList;
  /** Records that any checkpoint covers. */
  readonly #signed: number;
  #loaded: LoadedBundle | undefined;
  #turn = 0;
  /** Bundles told about already; one that several checkpoints cross is told once. */
  readonly #told = new Set<number>();
  /** Whether `lost` is a count from the beginning or from a checkpoint's word on. */
  #counts: boolean;
  /** First record the log holds. */
  readonly first: number;
  /** The tree so far; undefined once it is lost, which ends the check. */
  walk: Walk | undefined;
  /** Records covered by a checkpoint whose root was reached. */
  vouched = 0;
  lost = 0n;
  interruptions = 0;
  /** What witnesses cosigned, as the log's records tell it; the newest last. */
  readonly cosigned: Cosigned[] = [];

  constructor(directory: string, last: Checkpoint | undefined, problems: ProblemList) {
    this.#signed = last?.size ?? 0;
    this.first = last?.first ?? 0;
    this.#directory = directory;
    this.#problems = problems;
    this.#counts = this.first === 0;
    this.walk = this.first === 0 ? new Walk() : this.#walkAfterPruned();
    this.vouched = this.walk?.size ?? 0;
  }

  #walkAfterPruned(): Walk | undefined {
    const hashes = new HashReader(this.#directory);
    try {
      const bundles = Array.from({ length: this.first / TILE_WIDTH }, (_, bundle) =>
        hashes.subtree(8, bundle),
      );
      return Walk.after(bundles);
    } catch (error) {
      if (!(error instanceof HashMissingError)) throw error;
      this.#problems.add(
        'missing',
        { record: this.first },
        `${error.message}, so what remains after pruning cannot be joined to the signed tree`,
      );
      return undefined;
    }
  }

  async upTo({ checkpoint }: StoredCheckpoint): Promise<void> {
    if (!this.walk || checkpoint.size < this.walk.size) return;
    const start = this.walk;
    const parts: Part[] = [];
    for (let next = start.size; next < checkpoint.size; ) {
      const bundle = this.#bundle(Math.floor(next / TILE_WIDTH));
      const base = bundle.number * TILE_WIDTH;
      const to = Math.min(checkpoint.size, base + TILE_WIDTH);
      parts.push({ bundle, from: next - base, to: to - base });
      next = to;
      if (++this.#turn % BUNDLES_A_TURN === 0) await setImmediate();
    }
    const source = `the tree signed in checkpoint ${checkpoint.number}`;
    const byRecords = walkTo(checkpoint.root, start, parts, 'computed');
    const byHashes = byRecords ? undefined : walkTo(checkpoint.root, start, parts, 'stored');
    for (const part of parts) {
      if (byRecords) this.#checkStored(part);
      else if (byHashes) this.#diagnose(part, source);
      this.#count(part);
    }
    this.walk = byRecords ?? byHashes;
    // Gaps among pruned records are known as a sum only: that of the first checkpoint after them.
    if (!this.#counts) this.lost = checkpoint.lost;
    this.#counts = true;
    if (this.walk) this.vouched = checkpoint.size;
    else this.#tellBetween(start.size, checkpoint.size, parts, checkpoint.number);
  }

  /** Whole records after the last checkpoint; they are not signed. */
  tail(last: StoredCheckpoint | undefined): number {
    const size = last?.checkpoint.size ?? 0;
    if (!this.walk || this.walk.size < size) return 0;
    let next = size;
    for (;;) {
      const bundle = this.#bundle(Math.floor(next / TILE_WIDTH));
      const base = bundle.number * TILE_WIDTH;
      const from = next - base;
      let i = from;
      while (i < bundle.entries.length && sameHash(bundle, i)) i++;
      if (
        next === size &&
        i > from &&
        last?.checkpoint.state === 'closed' &&
        eventIn(bundle, from) !== 'log.open'
      )
        this.#problems.add(
          'inserted',
          { record: next, file: bundle.file },
          `${range(next, base + i)} (${bundle.file}, byte ${bundle.entries[from]?.start}) came after the log was closed in checkpoint ${last.checkpoint.number}; nobody signed ${i - from === 1 ? 'it' : 'them'}`,
        );
      next = base + i;
      if (i < TILE_WIDTH) return next - size;
    }
  }

  #bundle(number: number): LoadedBundle {
    if (this.#loaded?.number !== number) this.#loaded = loadBundle(this.#directory, number);
    return this.#loaded;
  }

  /** The records are as signed: are the hashes beside them? */
  #checkStored({ bundle, from, to }: Part): void {
    const base = bundle.number * TILE_WIDTH;
    if (bundle.stored.length < to * HASH_BYTES) {
      this.#problems.add(
        'missing',
        { file: bundle.hashFile },
        `${bundle.hashFile} ends after the hash of record ${base + bundle.stored.length / HASH_BYTES - 1}; the records are intact`,
      );
      return;
    }
    const wrong = [];
    for (let i = from; i < to; i++) if (!sameHash(bundle, i)) wrong.push(i);
    const first = wrong[0];
    if (first !== undefined) {
      const more = wrong.length > 1 ? ` and ${wrong.length - 1} more` : '';
      this.#problems.add(
        'hash',
        { file: bundle.hashFile },
        `the hash of record ${base + first}${more} (${bundle.hashFile}, byte ${first * HASH_BYTES}) was changed; the record is intact`,
      );
    }
    if (to === TILE_WIDTH && (bundle.entries.length > TILE_WIDTH || bundle.torn > 0)) {
      const end = bundle.entries[TILE_WIDTH - 1]?.end ?? 0;
      this.#problems.add(
        'inserted',
        { record: base + TILE_WIDTH, file: bundle.file },
        `${bundle.file} goes on after its 256 records, from byte ${end}: nobody signed that`,
      );
    }
  }

  #diagnose({ bundle, from, to }: Part, source: string): void {
    let differs = false;
    for (let i = from; i < to && !differs; i++) differs = !sameHash(bundle, i);
    if (!differs || this.#told.has(bundle.number)) return;
    this.#told.add(bundle.number);
    const width = Math.min(TILE_WIDTH, this.#signed - bundle.number * TILE_WIDTH);
    diagnoseBundle(bundle, width, source, this.#problems);
  }

  #tellBetween(from: number, to: number, parts: readonly Part[], checkpoint: number): void {
    const short = parts.find(
      ({ bundle, to: end }) => Math.max(bundle.computed.length, bundle.stored.length) < end * HASH_BYTES,
    );
    if (short) {
      const { bundle } = short;
      const end = bundle.number * TILE_WIDTH + bundle.entries.length;
      const what = bundle.bytes
        ? `${bundle.file} ends after record ${end - 1}`
        : `there is no file ${bundle.file}`;
      this.#problems.add(
        'missing',
        { record: end, file: bundle.file },
        `${range(end, to)} are missing: checkpoint ${checkpoint} covers ${to} records, ${what}`,
      );
      return;
    }
    const hints = parts.flatMap(({ bundle, from: first, to: end }) => {
      for (let i = first; i < end; i++) if (!sameHash(bundle, i)) return [bundle.number * TILE_WIDTH + i];
      return [];
    });
    const hint =
      hints.length > 0 ? `; the first that differs from its stored hash is record ${hints[0]}` : '';
    this.#problems.add(
      'between',
      { record: from, file: parts[0]?.bundle.file ?? 'tile' },
      `${range(from, to)} are not those signed in checkpoint ${checkpoint}, and their stored hashes are not either${hint}; what follows cannot be vouched for`,
    );
  }

  #count({ bundle, from, to }: Part): void {
    for (let i = from; i < Math.min(to, bundle.entries.length); i++) {
      if (endsWith(bundle, i, GAP)) {
        const { attributes } = decodeLeaf(leafOf(bundle, i));
        this.lost += BigInt((attributes['spoor.gap.count'] as number | bigint) ?? 0);
      } else if (endsWith(bundle, i, OPEN)) {
        const { attributes } = decodeLeaf(leafOf(bundle, i));
        if (attributes['spoor.log.previous_end'] === 'interrupted') this.interruptions++;
      } else if (endsWith(bundle, i, WITNESS)) {
        const note = decodeLeaf(leafOf(bundle, i)).attributes['spoor.checkpoint.note'];
        if (typeof note !== 'string') continue;
        if (this.cosigned.length >= MAX_COSIGNED) this.cosigned.shift();
        this.cosigned.push({ record: bundle.number * TILE_WIDTH + i, note });
      }
    }
  }
}

/** The event name is the last field of a canonical leaf, so the last bytes tell it without decoding. */
const GAP = eventNameField('sensor.gap');
const OPEN = eventNameField('log.open');
const WITNESS = eventNameField('log.witness');

function eventNameField(name: string): Buffer {
  return Buffer.concat([Buffer.from([0x62, name.length]), Buffer.from(name)]);
}

function endsWith(bundle: LoadedBundle, i: number, field: Buffer): boolean {
  const { end } = bundle.entries[i] as { end: number };
  const bytes = bundle.bytes as Buffer;
  if (bytes[end - 1] !== field[field.length - 1]) return false;
  return bytes.subarray(end - field.length, end).equals(field);
}

function eventIn(bundle: LoadedBundle, i: number): string {
  return endsWith(bundle, i, OPEN) ? 'log.open' : '';
}

function leafOf(bundle: LoadedBundle, i: number): Buffer {
  const { start, end } = bundle.entries[i] as { start: number; end: number };
  return (bundle.bytes as Buffer).subarray(start, end);
}
