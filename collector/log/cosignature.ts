import { type KeyObject, sign } from 'node:crypto';
import {
  isEd25519Signature,
  keyId,
  type Note,
  NoteError,
  type NoteSignature,
  type VerifierKey,
} from './note.ts';

/**
 * C2SP tlog-cosignature, version 1: what a witness says of a checkpoint. A signature line of the note whose signature
 * is eight bytes of time (seconds since the epoch, big endian) and an Ed25519 signature of
 *
 *     cosignature/v1
 *     time 1679315147
 *     <the checkpoint's whole text>
 */

/** Type byte of the key of a cosignature. */
const COSIGNATURE_V1 = 0x04;

const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;
const PUBLIC_KEY_BYTES = 32;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** A witness's public key. The key id is of another type than a log's, so neither can be taken for the other. */
export type WitnessKey = VerifierKey;

export function witnessKey(name: string, publicKey: Buffer): WitnessKey {
  return { name, keyId: keyId(name, COSIGNATURE_V1, publicKey), publicKey };
}

export function formatWitnessKey(key: WitnessKey): string {
  const encoded = Buffer.concat([Buffer.from([COSIGNATURE_V1]), key.publicKey]).toString('base64');
  return `${key.name}+${key.keyId}+${encoded}`;
}

/** @throws NoteError naming what is wrong with the line */
export function parseWitnessKey(line: string): WitnessKey {
  const match = VKEY.exec(line.trim());
  if (!match) throw new NoteError(`"${line.trim()}" is no verifier key; one looks like NAME+1a2b3c4d+BASE64`);
  const [, name = '', id = '', encoded = ''] = match;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes[0] !== COSIGNATURE_V1 || bytes.length !== 1 + PUBLIC_KEY_BYTES)
    throw new NoteError(
      `the key "${name}" is not one of a witness (type 4 and 32 bytes of Ed25519): it has type ${bytes[0] ?? 'none'} and ${bytes.length} bytes`,
    );
  const key = witnessKey(name, bytes.subarray(1));
  if (key.keyId !== id) throw new NoteError(`the key id of "${name}" is ${key.keyId}, the line says ${id}`);
  return key;
}

/** The signature line, with its newline. @param timeS seconds since the epoch */
export function cosign(text: string, key: WitnessKey, privateKey: KeyObject, timeS: number): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(timeS));
  const signature = sign(null, Buffer.from(signedText(text, BigInt(timeS))), privateKey);
  const line = Buffer.concat([Buffer.from(key.keyId, 'hex'), time, signature]).toString('base64');
  return `— ${key.name} ${line}\n`;
}

/** When the witness cosigned the note, in seconds since the epoch; undefined where it did not. */
export function cosignedAt(note: Note, key: WitnessKey): number | undefined {
  for (const signature of note.signatures) {
    const timeS = timeOf(note.text, signature, key);
    if (timeS !== undefined) return timeS;
  }
  return undefined;
}

function timeOf(
  text: string,
  { name, keyId: id, signature }: NoteSignature,
  key: WitnessKey,
): number | undefined {
  if (name !== key.name || id !== key.keyId || signature.length !== TIME_BYTES + SIGNATURE_BYTES)
    return undefined;
  const timeS = signature.readBigUInt64BE(0);
  return isEd25519Signature(signedText(text, timeS), signature.subarray(TIME_BYTES), key.publicKey)
    ? Number(timeS)
    : undefined;
}

function signedText(text: string, timeS: bigint): string {
  return `cosignature/v1\ntime ${timeS}\n${text}`;
}
