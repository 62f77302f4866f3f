import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfThere } from '../log/files.ts';
import { newestCheckpoint } from '../log/journal.ts';
import { countRecords } from '../log/reader.ts';
import type { Rejection } from './rejections.ts';

/** How far a destination has the log. */
export interface Position {
  /** Origin of the log it is about; another log begins at 0. */
  readonly origin: string;
  /** Index of the first record not yet delivered. */
  readonly next: number;
  /** Number of the first checkpoint not yet delivered. */
  readonly checkpoint: number;
}

/** What STATE/ship/DESTINATION.json holds. */
export interface DeliveryRecord extends Position {
  /** The receiver's URL; absent in files of earlier versions. */
  readonly destination?: string;
  /** What it rejected and no event states yet. */
  readonly untold?: readonly Rejection[];
}

/** A position file that cannot be used; names it and the mend. */
export class PositionError extends Error {
  override readonly name = 'PositionError';
}

/** A file name that says which destination it belongs to: "http_127.0.0.1_4317"; two receivers never share one. */
export function positionPath(directory: string, url: string): string {
  const destination = url.replace(/\/+$/, ''); // the same receiver with a slash at its end and without
  const name = destination.replaceAll(/[^A-Za-z0-9.-]+/g, '_');
  const isHostAndPort = /^https?:\/\/[A-Za-z0-9.-]+(:\d+)?$/.test(destination);
  const rest = isHostAndPort ? '' : `_${createHash('sha256').update(destination).digest('hex').slice(0, 8)}`;
  return join(directory, `${name}${rest}.json`);
}

/**
 * The position in a log as it is. One past its end is of another history, as after a log was restored from an older
 * copy: where the two part nobody knows, so all that the log has is sent again. A SIEM drops repeats by their uid.
 */
export function withinLog(position: Position, logDirectory: string): Position {
  const newest = newestCheckpoint(logDirectory)?.checkpoint;
  const isWithin =
    position.next <= countRecords(logDirectory) && position.checkpoint <= (newest?.number ?? -1) + 1;
  return isWithin ? position : { ...position, next: newest?.first ?? 0, checkpoint: 0 };
}

/** @throws PositionError for a file that is there and is no position */
export function loadPosition(path: string, origin: string): DeliveryRecord {
  const record = readPosition(path);
  const beginning = { origin, next: 0, checkpoint: 0 };
  return record && record.origin === origin ? record : { ...record, ...beginning };
}

/** Undefined when there is no such file. @throws PositionError */
export function readPosition(path: string): DeliveryRecord | undefined {
  const content = readIfThere(path)?.toString();
  if (content === undefined) return undefined;
  let record: Partial<DeliveryRecord> | null;
  try {
    record = JSON.parse(content) as Partial<DeliveryRecord> | null;
  } catch {
    throw new PositionError(`${path} is not JSON; remove it to send the whole log again`);
  }
  const { next, checkpoint, origin = '', destination, untold } = record ?? {};
  if (!Number.isSafeInteger(next) || !Number.isSafeInteger(checkpoint))
    throw new PositionError(
      `${path} does not say next and checkpoint; remove it to send the whole log again`,
    );
  return {
    origin,
    next: next ?? 0,
    checkpoint: checkpoint ?? 0,
    ...(typeof destination === 'string' ? { destination } : {}),
    ...(Array.isArray(untold) ? { untold } : {}),
  };
}

/** Replaces the file so that a power cut leaves the old position or the new one: written, synced, renamed, synced. */
export async function savePosition(path: string, record: DeliveryRecord): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.next`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.next`, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
