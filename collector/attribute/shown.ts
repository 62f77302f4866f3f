/** How bytes from the kernel become text: nothing promises that a path or an argument is UTF-8. */

import { isUtf8 } from 'node:buffer';

/** Valid UTF-8 as it is; every byte that is not part of a valid sequence as \xNN. */
export function shown(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let validFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(bytes.toString('utf8', validFrom, at), `\\x${bytes.toString('hex', at, at + 1)}`);
    at += 1;
    validFrom = at;
  }
  parts.push(bytes.toString('utf8', validFrom));
  return parts.join('');
}

/** Length of the valid UTF-8 sequence at `at`, or 0. The table of well-formed sequences: Unicode 15, table 3-7. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? 2 : 0;
  const third = bytes[at + 2] ?? 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80; // shorter forms exist
    const high = first === 0xed ? 0x9f : 0xbf; // surrogates are no characters
    return second >= low && second <= high && isContinuation(third) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80; // shorter forms exist
    const high = first === 0xf4 ? 0x8f : 0xbf; // past U+10FFFF
    const fourth = bytes[at + 3] ?? 0;
    return second >= low && second <= high && isContinuation(third) && isContinuation(fourth) ? 4 : 0;
  }
  return 0;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}
