/** What `spoor rules` prints. Titles and values are other people's: none of them moves the cursor or forges a line. */

import { printable } from '../terminal.ts';

/** A line of the answer. */
export function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** The same for another program: an object a line. */
export function sayJson(object: unknown): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** What a person is told beside the answer. */
export function warn(line: unknown): void {
  process.stderr.write(`${printable(String(line))}\n`);
}
