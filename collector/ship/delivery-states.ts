/** How far each receiver has been served, from the state folder alone: also while nothing runs. */

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { newestCheckpoint } from '../log/journal.ts';
import { countRecords } from '../log/reader.ts';
import { type Lag, LagMeter } from './lag.ts';
import { readPosition } from './position.ts';

export interface DeliveryState extends Lag {
  /** The receiver's URL; of a position that an earlier version stored, the name of its file. */
  readonly destination: string;
  /** First record not yet delivered. */
  readonly next: number;
  /** Records it will never have and that no event of the log states yet. */
  readonly untoldRejected: number;
}

/**
 * @param logDirectory such as STATE/log @param positionsDirectory such as STATE/ship
 * @throws PositionError for a damaged position file
 */
export function deliveryStates(logDirectory: string, positionsDirectory: string): DeliveryState[] {
  const origin = newestCheckpoint(logDirectory)?.checkpoint.origin;
  const end = countRecords(logDirectory);
  return positionFiles(positionsDirectory).flatMap((path) => {
    const position = readPosition(path);
    if (!position) return [];
    // Of another log, that lay here before: of this one, the receiver has nothing.
    const next = position.origin === origin ? position.next : 0;
    const { destination = basename(path, '.json'), untold = [] } = position;
    const untoldRejected = untold.reduce((sum, { rejected }) => sum + rejected, 0);
    return [{ destination, next, untoldRejected, ...new LagMeter(logDirectory).measure(next, end) }];
  });
}

/** Everything in the folder but the note of traces that are owed. */
function positionFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^https?_.*\.json$/.test(name))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    // Nothing was ever shipped.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
