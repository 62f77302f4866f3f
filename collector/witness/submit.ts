import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { cosignedAt, type WitnessKey } from '../log/cosignature.ts';
import { HashMissingError, HashReader } from '../log/hashes.ts';
import { NoteError, parseNote } from '../log/note.ts';
import { consistencyProof } from '../log/proof.ts';

/** A witness that says nothing for so long counts as unreachable. */
const CALL_TIMEOUT_MS = 10_000;
/** A handful of signature lines; what is longer is no answer of a witness. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Once to learn what the witness knows, once with the proof from there, once more where another writer was quicker. */
const MAX_TRIES = 3;

export interface WitnessAddress {
  /** Submission prefix: http(s)://HOST[:PORT][/PATH]. */
  readonly url: string;
  readonly key: WitnessKey;
}

export interface Submission {
  /** Folder of the log, whose tiles give the proof. */
  readonly directory: string;
  /** The signed checkpoint, and its tree size. */
  readonly note: string;
  readonly size: number;
}

export type Submitted =
  /** `note`: the checkpoint with the witness's cosignature. */
  | { readonly outcome: 'cosigned'; readonly note: string; readonly oldSize: number }
  | {
      readonly outcome: 'refused';
      readonly reason: string;
      readonly status: number;
      readonly oldSize: number;
    }
  | { readonly outcome: 'unreachable'; readonly reason: string; readonly oldSize: number };

/** Asks a witness to cosign a checkpoint. @param oldSize what it cosigned last, as far as is known */
export async function submit(
  witness: WitnessAddress,
  { directory, note, size }: Submission,
  oldSize: number,
): Promise<Submitted> {
  let old = oldSize;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (old > size)
      return refused(
        409,
        `it has cosigned ${old} records of this log, which has ${size}: the log was rolled back`,
        old,
      );
    let proof: readonly Buffer[];
    try {
      proof = consistencyProof(new HashReader(directory), old, size);
    } catch (error) {
      if (!(error instanceof HashMissingError)) throw error;
      return refused(
        0,
        `the log cannot prove its growth from ${old} records any more: ${error.message}`,
        old,
      );
    }
    const lines = [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '', note];
    let answer: { readonly status: number; readonly body: string };
    try {
      answer = await post(`${witness.url.replace(/\/$/, '')}/add-checkpoint`, lines.join('\n'));
    } catch (error) {
      return { outcome: 'unreachable', reason: (error as Error).message, oldSize: old };
    }
    const { status, body } = answer;
    if (status === 200) return accepted(witness, note, body, size);
    const known = status === 409 && /^\d{1,15}\n?$/.test(body) ? Number(body) : undefined;
    if (known === undefined || known === old) {
      const reason = `it answered ${status}: ${body.trim().slice(0, 200)}`;
      return status >= 500 ? { outcome: 'unreachable', reason, oldSize: old } : refused(status, reason, old);
    }
    old = known;
  }
  return {
    outcome: 'unreachable',
    reason: 'it changed its mind three times about what it cosigned',
    oldSize: old,
  };
}

function refused(status: number, reason: string, oldSize: number): Submitted {
  return { outcome: 'refused', reason, status, oldSize };
}

/** Takes the witness's own line of those in the answer, if it is good. */
function accepted({ key }: WitnessAddress, note: string, body: string, size: number): Submitted {
  for (const line of body.split('\n')) {
    if (!line.startsWith(`— ${key.name} `)) continue;
    try {
      const cosigned = `${note}${line}\n`;
      if (cosignedAt(parseNote(cosigned), key) !== undefined)
        return { outcome: 'cosigned', note: cosigned, oldSize: size };
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
    }
  }
  return refused(200, `its answer holds no good cosignature by ${key.name}+${key.keyId}`, size);
}

function post(url: string, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const begin = url.startsWith('https:') ? requestHttps : requestHttp;
    const headers = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) };
    const request = begin(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('its answer does not end'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    // The whole of it, not only silence between two bytes.
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${CALL_TIMEOUT_MS / 1_000} s`)),
      CALL_TIMEOUT_MS,
    );
    request.once('close', () => clearTimeout(timer));
    request.once('error', reject);
    request.end(body);
  });
}
