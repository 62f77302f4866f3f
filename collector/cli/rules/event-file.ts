/** Events from a file, one JSON object a line. */

import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type JsonEvent, parseEvent } from '../../detect/json-event.ts';
import { BadInput } from './input.ts';

/**
 * Reads as it goes, so a file may be larger than memory.
 * @throws BadInput when there is no such file; BadEvent for a line that is not an event
 */
export async function* readJsonEvents(file: string): AsyncGenerator<JsonEvent> {
  if (!existsSync(file)) throw new BadInput(`${file}: no such file`);
  let line = 0;
  for await (const text of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    line += 1;
    if (text.trim() !== '') yield parseEvent(file, line, text);
  }
}
