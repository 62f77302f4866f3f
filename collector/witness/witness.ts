import type { KeyObject } from 'node:crypto';
import { cosign, type WitnessKey } from '../log/cosignature.ts';
import { EMPTY_ROOT, HASH_BYTES } from '../log/merkle.ts';
import { isSignedBy, type Note, NoteError, parseNote, parseVkey, type VerifierKey } from '../log/note.ts';
import { isConsistent } from '../log/proof.ts';

/** Hashes of a consistency proof (C2SP tlog-witness): a tree of 2^63 records needs no more. */
const MAX_PROOF_HASHES = 63;

/** The newest checkpoint that was cosigned for a log. */
export interface Witnessed {
  readonly size: number;
  readonly root: Buffer;
  /** The checkpoint with its signatures, ours too. */
  readonly note: string;
  /** Verifier keys the log's next checkpoint may be signed with; a log may have changed its key since it was listed. */
  readonly keys: readonly VerifierKey[];
}

/** What a witness remembers. `save` returns when a power cut cannot take it any more. */
export interface WitnessMemory {
  read(origin: string): Witnessed | undefined;
  /** The cosigned note of the log whose origin has this SHA-256, in hexadecimal. */
  noteOf(originHash: string): string | undefined;
  save(origin: string, witnessed: Witnessed): void;
}

export interface WitnessOptions {
  readonly key: WitnessKey;
  readonly privateKey: KeyObject;
  /** Keys a log of this origin is to be signed with; none for a log that is not ours to witness. */
  readonly keysOf: (origin: string) => readonly VerifierKey[];
  readonly memory: WitnessMemory;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

interface Submitted {
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
  readonly note: Note;
  readonly text: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/**
 * A witness (C2SP tlog-witness): cosigns the checkpoints of logs it knows, as long as each tree begins with the one
 * before. Whoever has a log's key can sign two histories of it; a witness signs only one.
 *
 * Nothing here waits, so looking up the last size and saving the new one cannot be interleaved with another request.
 */
export class Witness {
  readonly #options: WitnessOptions;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /** POST /add-checkpoint. @param timeS now, in seconds since the epoch */
  addCheckpoint(body: string, timeS: number): Answer {
    const submitted = parseRequest(body);
    if (typeof submitted === 'string') return { status: 400, body: `${submitted}\n` };
    const { origin, size, note, oldSize, proof } = submitted;
    const known = this.#options.memory.read(origin);
    const keys = known?.keys ?? this.#options.keysOf(origin);
    if (keys.length === 0) return { status: 404, body: `no key is known for the log ${origin}\n` };
    const signer = keys.find((key) => isSignedBy(note, key));
    if (!signer)
      return {
        status: 403,
        body: `invalid signature: the checkpoint is not signed by ${keys.map(({ keyId }) => keyId).join(' or ')}\n`,
      };
    if (oldSize > size) return { status: 400, body: `old size ${oldSize} is larger than size ${size}\n` };
    const last = known ?? { size: 0, root: EMPTY_ROOT };
    if (oldSize !== last.size)
      return { status: 409, body: `${last.size}\n`, contentType: 'text/x.tlog.size' };
    if (!grewFrom(last, submitted, proof))
      return {
        status: 422,
        body: `the consistency proof from ${last.size} to ${size} does not hold: this is another history of the log\n`,
      };
    const line = cosign(note.text, this.#options.key, this.#options.privateKey, timeS);
    this.#options.memory.save(origin, {
      size,
      root: submitted.root,
      note: `${submitted.text}${line}`,
      keys: keysAfter(note, origin, signer, keys),
    });
    return { status: 200, body: line };
  }
}

function grewFrom(
  last: { readonly size: number; readonly root: Buffer },
  { size, root }: Submitted,
  proof: readonly Buffer[],
): boolean {
  if (size === 0 && !root.equals(EMPTY_ROOT)) return false;
  return isConsistent(last, { size, root }, proof);
}

/** A checkpoint that names its log's next key ends the time of the one that signed it. */
function keysAfter(
  note: Note,
  origin: string,
  signer: VerifierKey,
  keys: readonly VerifierKey[],
): readonly VerifierKey[] {
  const named = note.text.split('\n').find((line) => line.startsWith('nextkey '));
  if (named === undefined) return keys;
  try {
    const next = parseVkey(named.slice('nextkey '.length));
    return next.name === origin ? [...keys.filter(({ keyId }) => keyId !== signer.keyId), next] : keys;
  } catch (error) {
    if (error instanceof NoteError) return keys; // an extension line of somebody else's that looks like ours
    throw error;
  }
}

/** The parts of a request, or what is wrong with it. */
function parseRequest(body: string): Submitted | string {
  const split = body.indexOf('\n\n');
  if (split < 0) return 'there is no empty line before the checkpoint';
  const [first = '', ...lines] = body.slice(0, split).split('\n');
  const oldSize = sizeIn(/^old (0|[1-9]\d*)$/.exec(first)?.[1]);
  if (oldSize === undefined) return `the first line is "${first}", not "old SIZE"`;
  if (lines.length > MAX_PROOF_HASHES) return `more than ${MAX_PROOF_HASHES} hashes`;
  const proof = lines.map(hashIn);
  if (proof.some((hash) => hash === undefined)) return 'a line of the proof is not a hash in base64';
  const text = body.slice(split + 2);
  try {
    const note = parseNote(text);
    const [origin = '', size, root] = note.text.split('\n');
    const [treeSize, rootHash] = [sizeIn(/^(0|[1-9]\d*)$/.exec(size ?? '')?.[1]), hashIn(root ?? '')];
    if (origin === '' || treeSize === undefined || rootHash === undefined)
      return 'the checkpoint does not begin with an origin, a tree size and a root in base64';
    return { oldSize, proof: proof as Buffer[], note, text, origin, size: treeSize, root: rootHash };
  } catch (error) {
    if (error instanceof NoteError) return `the checkpoint is no signed note: ${error.message}`;
    throw error;
  }
}

function sizeIn(digits: string | undefined): number | undefined {
  const size = Number(digits);
  return digits !== undefined && Number.isSafeInteger(size) ? size : undefined;
}

function hashIn(line: string): Buffer | undefined {
  const hash = Buffer.from(line, 'base64');
  return hash.length === HASH_BYTES && hash.toString('base64') === line ? hash : undefined;
}
