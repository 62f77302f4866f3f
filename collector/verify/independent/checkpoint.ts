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

/**
 * Opens a signed note with a verifier key ("NAME+KEYID+BASE64").
 * @throws Refused when the key is none, the note carries no good signature by it, or is no checkpoint
 */
export function openCheckpoint(note: string, vkey: string): Checkpoint {
  const key = openKey(vkey);
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw new Refused('the note has no signatures');
  const text = note.slice(0, split + 1);
  const good = note
    .slice(split + 2, -1)
    .split('\n')
    .some((line) => isGood(line, text, key));
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

interface Key {
  readonly name: string;
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

function openKey(vkey: string): Key {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey.trim());
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const bytes = match ? fromBase64(encoded) : new Uint8Array();
  if (bytes.length !== 33 || bytes[0] !== ED25519) throw new Refused('the verifier key is no Ed25519 key');
  const computed = sha256(concat(utf8(`${name}\n`), bytes)).slice(0, 4);
  if (!equal(computed, hexBytes(id))) throw new Refused('the verifier key does not have the id it says');
  return { name, id: computed, publicKey: bytes.slice(1) };
}

function isGood(line: string, text: string, key: Key): boolean {
  const match = /^\u2014 (\S+) (\S+)$/.exec(line);
  if (!match || match[1] !== key.name) return false;
  const bytes = fromBase64(match[2] ?? '');
  if (bytes.length !== 4 + 64 || !equal(bytes.slice(0, 4), key.id)) return false;
  return nacl.sign.detached.verify(utf8(text), bytes.slice(4), key.publicKey);
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function splitAtBlank(line: string): [string, string] {
  const blank = line.indexOf(' ');
  return blank < 0 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}
