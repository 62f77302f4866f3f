/** Writing to a terminal what an AI agent chose: its paths and arguments must not move the cursor or hide a line. */

import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Between two tries to write to a descriptor that is full. */
const RETRY_MS = 10;
/** A terminal or pipe that takes nothing for so long is not read by anybody. */
const PATIENCE_MS = 5_000;

/** Control characters, and those that turn the direction of text, in visible form. */
export function printable(text: string): string {
  return text.replaceAll(
    // Controls (C0, DEL, C1), marks that turn the direction of text (UAX 9), line and paragraph separators.
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (character) => {
      if (character === '\n') return '\\n';
      if (character === '\t') return '\\t';
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}

/**
 * Writes to a descriptor without Node's stream on it: opening process.stdout or process.stderr sets O_NONBLOCK on
 * what the descriptor refers to, which COMMAND and the shell share.
 */
export function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // EAGAIN: somebody else made it non-blocking and it is full. EPIPE, EIO: nobody reads; nobody to tell it to.
      if (code !== 'EAGAIN' || performance.now() > deadlineMs) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** Colour only where a person looks, and has not asked for none (no-color.org). */
export function wantsColour(fd: number): boolean {
  return isOpen(fd) && isatty(fd) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false; // closed by whoever started us: then nobody looks
  }
}

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

export function paint(colour: 'colour' | 'plain'): Paint {
  const wrap = (code: number) => (text: string) =>
    colour === 'colour' ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: wrap(1), dim: wrap(2), red: wrap(31), yellow: wrap(33) };
}
