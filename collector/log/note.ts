import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/**
 * C2SP signed notes: text, an empty line, then a line per signature
 *
 *     — <key name> <base64 of: 4 bytes key id, signature>
 *
 * and verifier keys (vkeys), `<key name>+<key id in hexadecimal>+<base64 of: 1 byte type, public key>`.
 */

/** Type byte of a plain Ed25519 signature over the note's text. */
export const ED25519 = 0x01;

const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/;
const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;
const PUBLIC_KEY_BYTES = 32;

/** What an Ed25519 public key begins with in SPKI DER (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface NoteSignature {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly keyId: string;
  readonly signature: Buffer;
}

export interface Note {
  /** The signed text; every line ends with a newline, the last one too. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A public key with the name it signs under. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: string;
  readonly publicKey: Buffer;
}

/** A note or key that is not well formed: says what was found and what should be there. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
}

/** First four bytes of SHA-256 over name, newline, type and key (C2SP signed-note, "Signatures"). */
export function keyId(name: string, type: number, publicKey: Uint8Array): string {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), publicKey]);
  return hash('sha256', input, 'hex').slice(0, 8);
}

export function verifierKey(name: string, publicKey: Buffer): VerifierKey {
  return { name, keyId: keyId(name, ED25519, publicKey), publicKey };
}

export function formatVkey(key: VerifierKey): string {
  const encoded = Buffer.concat([Buffer.from([ED25519]), key.publicKey]).toString('base64');
  return `${key.name}+${key.keyId}+${encoded}`;
}

/** @throws NoteError naming what is wrong with the line */
export function parseVkey(line: string): VerifierKey {
  const match = VKEY.exec(line.trim());
  if (!match) throw new NoteError(`"${line.trim()}" is no verifier key; one looks like NAME+1a2b3c4d+BASE64`);
  const [, name = '', id = '', encoded = ''] = match;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes[0] !== ED25519 || bytes.length !== 1 + PUBLIC_KEY_BYTES)
    throw new NoteError(
      `the key "${name}" is not Ed25519 (type 1 and 32 bytes); it has ${bytes.length} bytes`,
    );
  const key = verifierKey(name, bytes.subarray(1));
  if (key.keyId !== id) throw new NoteError(`the key id of "${name}" is ${key.keyId}, the line says ${id}`);
  return key;
}

export function signNote(text: string, key: VerifierKey, privateKey: KeyObject): string {
  const signature = sign(null, Buffer.from(text), privateKey);
  const line = Buffer.concat([Buffer.from(key.keyId, 'hex'), signature]).toString('base64');
  return `${text}\n— ${key.name} ${line}\n`;
}

/** @throws NoteError naming the line that is wrong */
export function parseNote(note: string): Note {
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw new NoteError('there is no empty line between the text and its signatures');
  if (!note.endsWith('\n')) throw new NoteError('the last signature line has no end');
  const signatures = note
    .slice(split + 2, -1)
    .split('\n')
    .map((line, number) => {
      const match = SIGNATURE_LINE.exec(line);
      const bytes = Buffer.from(match?.[2] ?? '', 'base64');
      if (!match || bytes.length <= 4)
        throw new NoteError(`signature line ${number + 1} is not "— NAME BASE64"`);
      return {
        name: match[1] ?? '',
        keyId: bytes.toString('hex', 0, 4),
        signature: bytes.subarray(4),
      };
    });
  return { text: note.slice(0, split + 1), signatures };
}

/** Whether the note carries a good signature by `key`. Others' signatures are left aside. */
export function isSignedBy(note: Note, key: VerifierKey): boolean {
  return note.signatures.some(
    (signature) =>
      signature.name === key.name &&
      signature.keyId === key.keyId &&
      isEd25519Signature(note.text, signature.signature, key.publicKey),
  );
}

export function isEd25519Signature(text: string, signature: Buffer, publicKey: Buffer): boolean {
  return verify(null, Buffer.from(text), publicKeyObject(publicKey), signature);
}

function publicKeyObject(publicKey: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
}
