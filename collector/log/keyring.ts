import type { Checkpoint } from './checkpoint.ts';
import { isSignedBy, type Note, NoteError, parseVkey, type VerifierKey } from './note.ts';

/**
 * The keys of one log: those its reader trusts, and those they name as their successors. A key that was replaced
 * signs nothing any more, so whoever steals an old one cannot go on with the log.
 */
export class Keyring {
  readonly #keys: VerifierKey[];
  /** Number of the checkpoint that named a successor, by the id of the key that was replaced. */
  readonly #replacedAt = new Map<string, number>();

  constructor(trusted: readonly VerifierKey[]) {
    this.#keys = [...new Map(trusted.map((key) => [`${key.name} ${key.keyId}`, key])).values()];
  }

  get ids(): string[] {
    return this.#keys.map(({ keyId }) => keyId);
  }

  /** The key that signed the note, or undefined. */
  signerOf(note: Note): VerifierKey | undefined {
    return this.#keys.find((key) => isSignedBy(note, key));
  }

  /** Number of the checkpoint in which the key was replaced, if that was before checkpoint `number`. */
  replacedBefore(key: VerifierKey, number: number): number | undefined {
    const at = this.#replacedAt.get(key.keyId);
    return at !== undefined && at < number ? at : undefined;
  }

  /** Why no key that may sign checkpoint `number` signed this one, to follow its name; undefined where one did. */
  whyUnsigned(number: number, note: Note): string | undefined {
    const signer = this.signerOf(note);
    if (!signer) {
      const said = note.signatures.map(({ keyId }) => keyId);
      const ours = said.find((keyId) => this.ids.includes(keyId));
      return ours === undefined
        ? `is signed by key ${said.join(', ')}, not by ${this.ids.join(' or ')}`
        : `was changed: its signature by key ${ours} does not fit its text`;
    }
    const replacedAt = this.replacedBefore(signer, number);
    return replacedAt === undefined
      ? undefined
      : `is signed by key ${signer.keyId}, which was replaced in checkpoint ${replacedAt}`;
  }

  /** Takes the successor a checkpoint names, unless its signer was replaced before. @throws NoteError when it names something else than a key of this log */
  follow(checkpoint: Checkpoint, signer: VerifierKey): void {
    if (checkpoint.nextKey === undefined || this.replacedBefore(signer, checkpoint.number) !== undefined)
      return;
    const next = parseVkey(checkpoint.nextKey);
    if (next.name !== checkpoint.origin)
      throw new NoteError(`the next key is of ${next.name}, not of ${checkpoint.origin}`);
    this.#replacedAt.set(signer.keyId, checkpoint.number);
    if (!this.ids.includes(next.keyId)) this.#keys.push(next);
  }
}
