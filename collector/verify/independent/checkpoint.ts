import nacl from 'tweetnacl';
import { concat, equal, fromBase64, Refused, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** A checkpoint whose signature holds (docs/log.md, "Checkpoint"). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The lines after the root by their first word: number, time, previous, first, lost, state, and later ones. */
  readonly said: ReadonlyMap<string, string>;
}

const ED25519 = 0x01;
const COSIGNATURE_V1 = 0x04;

/**
 * Opens a signed note with a verifier key ("NAME+KEYID+BASE64").
 * @throws Refused when the key is none, the note carries no good signature by it, or is no checkpoint
 */
export function openCheckpoint(note: string, vkey: string): Checkpoint {
  const key = openKey(vkey, ED25519);
  const { text, lines } = splitNote(note);
  const good = lines.some((line) => isGood(line, text, key));
  if (!good) throw new Refused(`the note is not signed by ${key.name}`);
  const [origin = '', size = '', root = '', ...rest] = text.slice(0, -1).split('\n');
  if (origin !== key.name) throw new Refused(`the checkpoint is of ${origin}, the key of ${key.name}`);
  if (!/^(0|[1-9]\d*)$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new Refused(`"${size}" is no tree size`);
  const hash = fromBase64(root);
  if (hash.length !== 32) throw new Refused(`the root has ${hash.length} bytes, not 32`);
  const said = new Map(rest.map((line) => splitAtBlank(line)));
  return { origin, size: Number(size), root: hash, said };
}

/**
 * When a witness cosigned the checkpoint of a note, in seconds since the epoch (docs/log.md, "Witnesses").
 * @throws Refused when the key is none of a witness, or the note carries no good cosignature by it
 */
export function openCosignature(note: string, vkey: string): bigint {
  const key = openKey(vkey, COSIGNATURE_V1);
  const { text, lines } = splitNote(note);
  for (const line of lines) {
    const bytes = signatureIn(line, key, 8 + 64);
    if (!bytes) continue;
    const timeS = bytes.slice(0, 8).reduce((time, byte) => time * 256n + BigInt(byte), 0n);
    const signed = utf8(`cosignature/v1\ntime ${timeS}\n${text}`);
    if (nacl.sign.detached.verify(signed, bytes.slice(8), key.publicKey)) return timeS;
  }
  throw new Refused(`the note is not cosigned by ${key.name}`);
}

function splitNote(note: string): { readonly text: string; readonly lines: readonly string[] } {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw new Refused('the note has no signatures');
  return { text: note.slice(0, split + 1), lines: note.slice(split + 2, -1).split('\n') };
}

interface Key {
  readonly name: string;
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

function openKey(vkey: string, type: number): Key {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey.trim());
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const bytes = match ? fromBase64(encoded) : new Uint8Array();
  if (bytes.length !== 33 || bytes[0] !== type)
    throw new Refused(`the verifier key is no key of type ${type}`);
  const computed = sha256(concat(utf8(`${name}\n`), bytes)).slice(0, 4);
  if (!equal(computed, hexBytes(id))) throw new Refused('the verifier key does not have the id it says');
  return { name, id: computed, publicKey: bytes.slice(1) };
}

function isGood(line: string, text: string, key: Key): boolean {
  const signature = signatureIn(line, key, 64);
  return signature !== undefined && nacl.sign.detached.verify(utf8(text), signature, key.publicKey);
}

/** What follows the key id in a signature line of that key; undefined in another's. */
function signatureIn(line: string, key: Key, length: number): Uint8Array | undefined {
  const match = /^\u2014 (\S+) (\S+)$/.exec(line);
  if (!match || match[1] !== key.name) return undefined;
  const bytes = fromBase64(match[2] ?? '');
  return bytes.length === 4 + length && equal(bytes.slice(0, 4), key.id) ? bytes.slice(4) : undefined;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function splitAtBlank(line: string): [string, string] {
  const blank = line.indexOf(' ');
  return blank < 0 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
