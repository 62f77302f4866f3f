import { type Attributes, type Event, SEVERITY } from '../event.ts';
import { readJournal } from '../log/journal.ts';
import type { Seal, SignedCheckpoint } from '../seal/seal.ts';
import { newUid } from '../uid.ts';
import { type Submitted, submit, type WitnessAddress } from './submit.ts';

/** Between two questions to one witness: what whoever takes the host's key can still rewrite. */
const ASK_INTERVAL_MS = 5_000;
/** After it could not be reached, or refused: it is then shown each change of the key again. */
const RETRY_INTERVAL_MS = 30_000;

export interface Countersigner {
  /** Has the log as it is now countersigned; waits for the answers. Never rejects. To be called before the log is closed. */
  finish(): Promise<void>;
}

/**
 * Has checkpoints countersigned by witnesses. Each answer becomes a record of the log, so it is stored, signed and
 * shipped like all others; a refusal, or a witness that is away, is told when it begins and not again.
 *
 * A record about a witness makes a checkpoint of its own necessary. That one is not shown to witnesses until something
 * else was recorded: an idle host asks nobody anything.
 */
export function countersign(
  seal: Seal,
  directory: string,
  witnesses: readonly WitnessAddress[],
): Countersigner {
  const own = new OwnRecords(seal);
  const askers = witnesses.map((witness) => new Asker(witness, directory, own));
  seal.onCheckpoint((signed) => {
    own.forgetBefore(signed.checkpoint.size);
    for (const asker of askers) asker.offer(signed, own.othersIn(signed.checkpoint.size));
  });
  // No record can say it any more, but what nobody else knows when the log is closed can be written anew.
  seal.onClosing(async (signed) => {
    const lines = await Promise.all(askers.map((asker) => asker.closing(signed)));
    return lines.join('');
  });
  return {
    async finish() {
      // Closing the log meets what fails here again, and tells it; the witnesses still get what was signed.
      await Promise.allSettled([seal.checkpoint()]);
      await Promise.all(askers.map((asker) => asker.finish()));
    },
  };
}

/** The records that answers of witnesses became. */
class OwnRecords {
  readonly #seal: Seal;
  /** Indices of those that no checkpoint has covered yet. */
  #uncovered: number[] = [];
  #covered = 0;

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  append(event: Event): void {
    const index = this.#seal.size;
    this.#seal.append([event]);
    if (this.#seal.size > index) this.#uncovered.push(index);
  }

  /** To be called with each checkpoint's size. */
  forgetBefore(size: number): void {
    this.#covered += this.#uncovered.filter((index) => index < size).length;
    this.#uncovered = this.#uncovered.filter((index) => index >= size);
  }

  /** Records of anything else among the first `size`, counted from when this began. */
  othersIn(size: number): number {
    return size - this.#covered;
  }
}

class Asker {
  readonly #witness: WitnessAddress;
  readonly #directory: string;
  readonly #own: OwnRecords;
  #newest: SignedCheckpoint | undefined;
  /** Records other than ours in the newest checkpoint, and in the one that was asked about last. */
  #others = 0;
  #askedOthers = -1;
  #oldSize = 0;
  #outcome: Submitted['outcome'] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;
  #asking: Promise<void> = Promise.resolve();

  constructor(witness: WitnessAddress, directory: string, own: OwnRecords) {
    this.#witness = witness;
    this.#directory = directory;
    this.#own = own;
  }

  offer(signed: SignedCheckpoint, others: number): void {
    this.#newest = signed;
    this.#others = others;
    if (others === this.#askedOthers || this.#finished) return;
    this.#timer ??= setTimeout(
      () => this.#askAgain(),
      this.#outcome === undefined ? 0 : this.#outcome === 'cosigned' ? ASK_INTERVAL_MS : RETRY_INTERVAL_MS,
    ).unref();
  }

  async finish(): Promise<void> {
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#asking;
    if (this.#others !== this.#askedOthers) await this.#ask();
  }

  /** The witness's signature line; nothing where it is away or refuses, which a record of the log told already. */
  async closing(signed: SignedCheckpoint): Promise<string> {
    if (this.#outcome !== 'cosigned') return '';
    const answer = await this.#submitted(signed);
    return answer.outcome === 'cosigned' ? answer.note.slice(signed.note.length) : '';
  }

  #askAgain(): void {
    this.#timer = undefined;
    this.#asking = this.#asking.then(() => this.#ask());
  }

  async #ask(): Promise<void> {
    const signed = this.#newest;
    if (!signed) return;
    this.#askedOthers = this.#others;
    const answer = await this.#submitted(signed);
    this.#oldSize = answer.oldSize;
    const told = answer.outcome === this.#outcome && answer.outcome !== 'cosigned';
    this.#outcome = answer.outcome;
    if (answer.outcome === 'unreachable') this.#askedOthers = -1;
    if (told) return;
    try {
      this.#own.append(answerEvent(this.#witness, signed, answer));
    } catch (error) {
      // Only a log that was closed meanwhile takes nothing: no record can say it, so the operator is told.
      process.emitWarning(`${this.#witness.key.name}: its answer was not recorded: ${String(error)}`);
    }
  }

  /** Never rejects: what went wrong on this side (the log's files cannot be read) is the reason why it was not asked. */
  async #submitted(signed: SignedCheckpoint): Promise<Submitted> {
    try {
      return await this.#submit(signed);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      return { outcome: 'unreachable', reason: `it was not asked: ${cause}`, oldSize: this.#oldSize };
    }
  }

  /** A witness that missed a change of the key knows only the old one: it is shown the changes first. */
  async #submit({ checkpoint, note }: SignedCheckpoint): Promise<Submitted> {
    const directory = this.#directory;
    const ask = (text: string, size: number): Promise<Submitted> =>
      submit(this.#witness, { directory, note: text, size }, this.#oldSize);
    const answer = await ask(note, checkpoint.size);
    if (answer.outcome !== 'refused' || answer.status !== 403) return answer;
    const changes = readJournal(directory).checkpoints.filter(({ checkpoint: { nextKey } }) => nextKey);
    for (const { text, checkpoint: change } of changes) {
      const shown = await ask(text, change.size);
      this.#oldSize = shown.oldSize;
    }
    return changes.length === 0 ? answer : ask(note, checkpoint.size);
  }
}

function answerEvent({ key }: WitnessAddress, { checkpoint }: SignedCheckpoint, answer: Submitted): Event {
  const timeMs = Date.now();
  const attributes: Attributes = {
    'spoor.witness.name': key.name,
    'spoor.witness.outcome': answer.outcome,
    'spoor.witness.reason': answer.outcome === 'cosigned' ? undefined : answer.reason,
    'spoor.checkpoint.note': answer.outcome === 'cosigned' ? answer.note : undefined,
    'spoor.checkpoint.number': checkpoint.number,
    'spoor.checkpoint.size': checkpoint.size,
  };
  const severity = { cosigned: SEVERITY.info, refused: SEVERITY.error, unreachable: SEVERITY.warn };
  return {
    name: 'log.witness',
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity: severity[answer.outcome],
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}
