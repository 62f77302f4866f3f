import { HASH_BYTES } from '../log/merkle.ts';
import { decodeLeaf, RecordError } from '../log/record.ts';
import { TILE_WIDTH } from '../log/tiles.ts';
import type { LoadedBundle } from './bundle.ts';
import type { ProblemList } from './verdict.ts';

/**
 * Says what was done to a bundle whose stored leaf hashes are the signed ones and whose entries are not.
 *
 * @param width how many of the bundle's records are signed
 * @param source what signed the hashes, for messages: "the tree signed in checkpoint 17"
 */
export function diagnoseBundle(
  bundle: LoadedBundle,
  width: number,
  source: string,
  problems: ProblemList,
): void {
  const base = bundle.number * TILE_WIDTH;
  const { file } = bundle;
  const there = bundle.entries.length;
  if (!bundle.bytes) {
    problems.add(
      'missing',
      { record: base, file },
      `${range(base, base + width)} ${width === 1 ? 'is' : 'are'} missing: there is no file ${file}`,
    );
    return;
  }
  const first = firstDifference(bundle, width);
  if (first === Math.min(there, width) && there < width) {
    const torn = bundle.torn > 0 ? ` in the middle of record ${base + there}` : '';
    problems.add(
      'missing',
      { record: base + there, file },
      `${range(base + there, base + width)} ${width - there === 1 ? 'is' : 'are'} cut off: ${file} ends at byte ${bundle.bytes.length}${torn}`,
    );
    return;
  }
  if (there < width && matchesShifted(bundle, first, width - there, width)) {
    const gone = range(base + first, base + first + width - there);
    problems.add(
      'removed',
      { record: base + first, file },
      `${gone} (${at(bundle, first)}) ${width - there === 1 ? 'was' : 'were'} removed: what follows is intact, ${places(width - there)} too early`,
    );
    return;
  }
  const whole = bundle.stored.length / HASH_BYTES;
  if (there > whole && matchesShifted(bundle, first, whole - there, width)) {
    const known = indexOfStored(bundle, hashAt(bundle.computed, first));
    problems.add(
      'inserted',
      { record: base + first, file },
      `${known === undefined ? 'a record that was never signed' : `a copy of record ${base + known}`} was put in at ${base + first} (${at(bundle, first)}): what follows is intact, ${places(there - whole)} too late`,
    );
    return;
  }
  if (there < width) {
    problems.add(
      'changed',
      { record: base + first, file },
      `record ${base + first} (${at(bundle, first)}) was changed in its length or its neighbours were removed: ${file} holds ${there} records of ${width}; ${range(base + first, base + width)} cannot be told apart`,
    );
    return;
  }
  for (let i = first; i < width; i++) if (!sameHash(bundle, i)) diagnoseRecord(bundle, i, source, problems);
}

/** Where a record lies: "tile/entries/188, byte 90112". */
export function at(bundle: LoadedBundle, i: number): string {
  const start = bundle.entries[i]?.start ?? bundle.bytes?.length ?? 0;
  return `${bundle.file}, byte ${start}`;
}

export function range(from: number, to: number): string {
  return to - from === 1 ? `record ${from}` : `records ${from} to ${to - 1}`;
}

export function sameHash(bundle: LoadedBundle, i: number): boolean {
  const from = i * HASH_BYTES;
  const to = from + HASH_BYTES;
  if (bundle.computed.length < to || bundle.stored.length < to) return false;
  return bundle.computed.compare(bundle.stored, from, to, from, to) === 0;
}

function diagnoseRecord(bundle: LoadedBundle, i: number, source: string, problems: ProblemList): void {
  const base = bundle.number * TILE_WIDTH;
  const { file } = bundle;
  const record = base + i;
  const place = { record, file };
  const computed = hashAt(bundle.computed, i);
  const other = indexOfStored(bundle, computed);
  if (other !== undefined) {
    const back = hashAt(bundle.computed, other).equals(hashAt(bundle.stored, i));
    if (back && other < i) return; // told with the other one
    problems.add(
      back ? 'swapped' : 'copied',
      place,
      back
        ? `records ${record} and ${base + other} (${at(bundle, i)}) were swapped`
        : `record ${record} (${at(bundle, i)}) was replaced by a copy of record ${base + other}`,
    );
    return;
  }
  const says = `it hashes to ${short(computed)}, ${source} says ${short(hashAt(bundle.stored, i))}`;
  const claimed = indexIn(bundle, i);
  if (claimed !== undefined && claimed !== record)
    problems.add(
      'foreign',
      place,
      `record ${record} (${at(bundle, i)}) is not of this place: it calls itself record ${claimed}; ${says}`,
    );
  else problems.add('changed', place, `record ${record} (${at(bundle, i)}) was changed: ${says}`);
}

function places(count: number): string {
  return count === 1 ? '1 place' : `${count} places`;
}

function indexIn(bundle: LoadedBundle, i: number): number | undefined {
  const { start, end } = bundle.entries[i] as { start: number; end: number };
  try {
    return decodeLeaf((bundle.bytes as Buffer).subarray(start, end)).index;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return undefined; // no record any more; its hash has said so
  }
}

function firstDifference(bundle: LoadedBundle, width: number): number {
  let i = 0;
  while (i < Math.min(width, bundle.entries.length) && sameHash(bundle, i)) i++;
  return i;
}

/** Whether from `first` on every entry is the signed one `shift` places further. */
function matchesShifted(bundle: LoadedBundle, first: number, shift: number, width: number): boolean {
  const from = Math.max(first, first - shift);
  for (let i = from; i < bundle.entries.length && i + shift < width; i++)
    if (!hashAt(bundle.computed, i).equals(hashAt(bundle.stored, i + shift))) return false;
  return true;
}

function indexOfStored(bundle: LoadedBundle, hash: Buffer): number | undefined {
  for (let i = 0; i * HASH_BYTES < bundle.stored.length; i++)
    if (hashAt(bundle.stored, i).equals(hash)) return i;
  return undefined;
}

function hashAt(hashes: Buffer, i: number): Buffer {
  return hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
}

/** Enough of a hash for a person to tell two apart. */
function short(hash: Buffer): string {
  return `${hash.toString('hex', 0, 8)}…`;
}
