import { hash } from 'node:crypto';
import { HASH_BYTES } from './merkle.ts';

/**
 * The text of a checkpoint: C2SP tlog-checkpoint, then extension lines in this order.
 *
 *     spoor/7c9a.../01K9ZQ...            origin: this host, this log; also the name of the key
 *     48211                              tree size: the records it covers
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2   root, base64
 *     number 17                          its place among the log's checkpoints, from 0
 *     time 2026-11-20T20:28:00.123000000Z
 *     previous 5f1c...                   SHA-256 of the previous checkpoint's text; "none" for the first
 *     first 0                            the first record the log still holds; those before it were pruned
 *     lost 1204                          events that the log's own sensor.gap records state, from record 0 to size
 *     state open                         or "closed": the writer ended in order, nothing follows in this run
 *     nextkey spoor/7c9a...+1a2b...      only where the key changes: the next checkpoint is signed by this one
 *
 * A reader that meets further lines leaves them alone; they are signed like the rest.
 */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly number: number;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** SHA-256 of the previous checkpoint's text in hexadecimal, or undefined for the first. */
  readonly previous: string | undefined;
  readonly first: number;
  readonly lost: bigint;
  readonly state: 'open' | 'closed';
  /** Verifier key that signs from the next checkpoint on; undefined where it stays. */
  readonly nextKey?: string | undefined;
}

/** A text that is no checkpoint of this log; names the line, what it says and what it should say. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

export function formatCheckpoint(checkpoint: Checkpoint): string {
  return [
    checkpoint.origin,
    checkpoint.size,
    checkpoint.root.toString('base64'),
    `number ${checkpoint.number}`,
    `time ${checkpoint.time}`,
    `previous ${checkpoint.previous ?? 'none'}`,
    `first ${checkpoint.first}`,
    `lost ${checkpoint.lost}`,
    `state ${checkpoint.state}`,
    ...(checkpoint.nextKey === undefined ? [] : [`nextkey ${checkpoint.nextKey}`]),
    '',
  ].join('\n');
}

/** @throws CheckpointError */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const origin = lines[0] ?? '';
  if (origin === '') throw new CheckpointError('line 1, the origin, is empty');
  const size = Number(lines[1]);
  if (!/^(0|[1-9][0-9]*)$/.test(lines[1] ?? '') || !Number.isSafeInteger(size))
    throw new CheckpointError(`line 2, the tree size, is "${lines[1]}", not a number`);
  const root = Buffer.from(lines[2] ?? '', 'base64');
  if (root.length !== HASH_BYTES || root.toString('base64') !== lines[2])
    throw new CheckpointError(`line 3, the root, is "${lines[2]}", not 32 bytes in base64`);
  const previous = extension(lines, 5, 'previous', /^(none|[0-9a-f]{64})$/);
  return {
    origin,
    size,
    root,
    number: Number(extension(lines, 3, 'number', /^(0|[1-9][0-9]{0,14})$/)),
    time: extension(lines, 4, 'time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
    previous: previous === 'none' ? undefined : previous,
    first: Number(extension(lines, 6, 'first', /^(0|[1-9][0-9]{0,14})$/)),
    lost: BigInt(extension(lines, 7, 'lost', /^(0|[1-9][0-9]*)$/)),
    state: extension(lines, 8, 'state', /^(open|closed)$/) === 'open' ? 'open' : 'closed',
    nextKey: lines.find((line) => line.startsWith('nextkey '))?.slice('nextkey '.length),
  };
}

function extension(lines: readonly string[], index: number, name: string, value: RegExp): string {
  const line = lines[index] ?? '';
  const said = line.startsWith(`${name} `) ? line.slice(name.length + 1) : '';
  if (!value.test(said)) throw new CheckpointError(`line ${index + 1} is "${line}", not "${name} ..."`);
  return said;
}

/** What the next checkpoint names as its previous one: the text only, so that later countersignatures change nothing. */
export function checkpointHash(text: string): string {
  return hash('sha256', text, 'hex');
}

/** RFC 3339 with nanoseconds, UTC. */
export function formatTimeNs(timeNs: bigint): string {
  const ms = timeNs / 1_000_000n;
  const withinSecond = (timeNs % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(Number(ms)).toISOString().slice(0, 19)}.${withinSecond}Z`;
}
