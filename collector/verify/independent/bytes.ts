/** Bytes and text, with what every browser has. */

export class Refused extends Error {
  override readonly name = 'Refused';
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Standard base64 with padding, and nothing else: two texts never stand for the same bytes. */
export function fromBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new Refused(`"${text}" is not base64`);
  }
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  if (btoa(binary) !== text) throw new Refused(`"${text}" is not base64 in its one form`);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
