import { mkdirSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfThere } from '../log/files.ts';

/** How far a destination has the log. */
export interface Position {
  /** Origin of the log it is about; another log begins at 0. */
  readonly origin: string;
  /** Index of the first record not yet delivered. */
  readonly next: number;
  /** Number of the first checkpoint not yet delivered. */
  readonly checkpoint: number;
}

/** A position file that cannot be used; names it and the mend. */
export class PositionError extends Error {
  override readonly name = 'PositionError';
}

/** A file name that says which destination it belongs to: "http_127.0.0.1_4317". */
export function positionPath(directory: string, destination: string): string {
  return join(directory, `${destination.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.json`);
}

/** @throws PositionError for a file that is there and is no position */
export function loadPosition(path: string, origin: string): Position {
  const content = readIfThere(path)?.toString();
  if (content === undefined) return { origin, next: 0, checkpoint: 0 };
  let position: Partial<Position>;
  try {
    position = JSON.parse(content) as Partial<Position>;
  } catch {
    throw new PositionError(`${path} is not JSON; remove it to send the whole log again`);
  }
  if (!Number.isSafeInteger(position.next) || !Number.isSafeInteger(position.checkpoint))
    throw new PositionError(
      `${path} does not say next and checkpoint; remove it to send the whole log again`,
    );
  if (position.origin !== origin) return { origin, next: 0, checkpoint: 0 };
  return { origin, next: position.next ?? 0, checkpoint: position.checkpoint ?? 0 };
}

/** Replaces the file so that a power cut leaves the old position or the new one: written, synced, renamed, synced. */
export async function savePosition(path: string, position: Position): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.next`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(position)}\n`);
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
