import type { AttributeName, Attributes } from '../../schemas/generated/registry.ts';
import type { Event } from '../event.ts';
import type { LeafEncoder } from './encode.ts';

/**
 * Longest entry. C2SP tlog-tiles puts two bytes of length before each entry of a bundle.
 * A record that would be longer loses the end of its longest attributes, and `spoor.cut` names them.
 */
export const MAX_ENTRY_BYTES = 65_535;

/** Room kept for `spoor.cut` naming one more attribute, with its tags and lengths. */
const CUT_NOTE_BYTES = 128;

/**
 * The event as it fits one entry: the same one when it does, else a copy whose longest attributes are cut.
 * Text is cut between characters, arrays lose elements from the end. Leaves the returned event measured in `encoder`.
 */
export function fitEvent(encoder: LeafEncoder, event: Event, index: number, observedNs: bigint): Event {
  let fitted = event;
  let size = encoder.measure(fitted, index, observedNs);
  while (size > MAX_ENTRY_BYTES) {
    const { name, bytes } = encoder.largest();
    const cut = new Set([...(fitted.attributes['spoor.cut'] ?? []), name]);
    // By half at most: of two long values both keep their beginning.
    const over = Math.min(size - MAX_ENTRY_BYTES + CUT_NOTE_BYTES, Math.ceil(bytes / 2));
    const shorter = shorten(fitted.attributes[name], over);
    const attributes: Attributes = { ...fitted.attributes, [name]: shorter, 'spoor.cut': [...cut] };
    fitted = { ...fitted, attributes };
    size = encoder.measure(fitted, index, observedNs);
  }
  return fitted;
}

function shorten(value: Attributes[AttributeName], overBytes: number): unknown {
  if (typeof value === 'string') return cutText(value, overBytes);
  if (value instanceof Uint8Array) return value.subarray(0, Math.max(0, value.length - overBytes));
  if (!Array.isArray(value))
    throw new TypeError(`an entry of ${overBytes} bytes too many has nothing to cut`);
  const kept = [...(value as (string | number)[])];
  let over = overBytes;
  while (over > 0 && kept.length > 0) {
    const last = kept.pop() as string | number;
    const bytes = Buffer.byteLength(String(last));
    // One element longer than all that must go: its beginning stays, so that a single huge argument still says something.
    if (typeof last === 'string' && bytes > over + CUT_NOTE_BYTES) kept.push(cutText(last, over));
    over -= bytes;
  }
  return kept;
}

function cutText(text: string, overBytes: number): string {
  const bytes = Buffer.from(text);
  let end = Math.max(0, bytes.length - overBytes);
  // Back to the first byte of a character: UTF-8 continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
