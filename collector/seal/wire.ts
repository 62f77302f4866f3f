/**
 * The protobuf wire format, as far as log records need it: sizes first, then bytes, so nothing is moved.
 * Varints are shortest (docs/log.md). Callers make room: these functions do not check for space.
 */

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const TWO_32 = 0x1_0000_0000;

/** Bytes of the varint of a non-negative integer up to 2^53 - 1. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  if (value < 0x8_0000_0000) return 5;
  if (value < 0x400_0000_0000) return 6;
  if (value < 0x2_0000_0000_0000) return 7;
  return 8;
}

/** Writes the varint of a non-negative integer up to 2^53 - 1; returns the place after it. */
export function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= TWO_32) {
    target[next++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  rest >>>= 0;
  while (rest >= 0x80) {
    target[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[next++] = rest;
  return next;
}

/** Bytes of the varint of an int64; negative numbers take ten, as the wire format says. */
export function int64Size(value: number | bigint): number {
  if (value < 0) return 10;
  if (typeof value === 'number') return varintSize(value);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return varintSize(Number(value));
  return value < 1n << 56n ? 8 : 9;
}

export function writeInt64(target: Buffer, at: number, value: number | bigint): number {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return writeVarint(target, at, Number(value));
  let rest = BigInt.asUintN(64, BigInt(value));
  let next = at;
  while (rest >= 0x80n) {
    target[next++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  target[next++] = Number(rest);
  return next;
}

/** Longest text written byte by byte: for ASCII up to here that is quicker than the call into native code. */
const SHORT_TEXT = 48;

/** Writes text whose UTF-8 length is known; a lone surrogate becomes U+FFFD, three bytes, as `Buffer` has it. */
export function writeText(target: Buffer, at: number, text: string, byteLength: number): number {
  if (byteLength === text.length) {
    // As many bytes as code units: ASCII.
    if (byteLength <= SHORT_TEXT) for (let i = 0; i < byteLength; i++) target[at + i] = text.charCodeAt(i);
    else target.write(text, at, byteLength, 'latin1');
  } else target.write(text, at, byteLength, 'utf8');
  return at + byteLength;
}
