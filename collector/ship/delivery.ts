import type { Backoff } from './backoff.ts';
import type { RequestBuilder } from './request.ts';
import type { Item } from './source.ts';
import type { Stopping } from './stopping.ts';
import type { Outcome, Transport } from './transport.ts';

/** Refusals of one record, alone in its request, until it is left behind for the next one. */
const MAX_REFUSALS = 3;

/**
 * Records left behind while no other has been taken. A receiver that refuses so many in a row refuses everything: it
 * is at fault and not they, so nothing is set aside and all of it is sent again.
 */
const MAX_SUSPECTS = 8;

/** Before all of it is sent again. */
const REFUSES_ALL_WAIT_MS = 30_000;

export interface DeliveryNeeds {
  readonly transport: Transport;
  readonly builder: RequestBuilder;
  readonly backoff: Backoff;
  readonly stopping: Stopping;
  /** The receiver has these; `rejected` records among them it will never have. */
  readonly accepted: (items: readonly Item[], rejected: number, message: string) => void;
  /** This record was refused again and again while the receiver took others: it will not have it. */
  readonly setAside: (item: Item, cause: string) => void;
  /** What goes wrong now; empty when nothing does. */
  readonly trouble: (cause: string) => void;
}

/**
 * Brings records to a receiver in their order, whatever it answers.
 *
 * What the receiver is too small or too slow for, or refuses for its content, is sent again in halves, down to single
 * records, and in growing requests again from there. A record that is refused alone is left behind, so that one
 * poisonous record does not hold up all others; whether it is poisonous shows when the receiver takes another one.
 * It is then tried once more, the only case in which a record arrives after its successors, and set aside.
 */
export class Delivery {
  readonly #needs: DeliveryNeeds;
  #suspects: Item[] = [];

  constructor(needs: DeliveryNeeds) {
    this.#needs = needs;
  }

  /** Returns when all but the suspects are with the receiver, or the end has begun. */
  async deliver(items: readonly Item[]): Promise<void> {
    const { backoff, stopping, trouble, accepted } = this.#needs;
    let left = items;
    let width = items.length;
    let refusals = 0;
    while (left.length > 0 && !stopping.begun) {
      const batch = left.slice(0, width);
      const outcome = await this.#send(batch);
      if (!outcome) return;
      if (outcome.kind === 'accepted') {
        await this.#judgeSuspects();
        if (stopping.begun && this.#suspects.length > 0) return;
        backoff.succeeded();
        trouble('');
        accepted(batch, outcome.rejected, outcome.message);
        left = left.slice(batch.length);
        width = Math.min(2 * width, items.length);
        refusals = 0;
        continue;
      }
      trouble(outcome.cause);
      if (outcome.kind === 'refused' || outcome.kind === 'too_large') {
        if (batch.length > 1) {
          width = Math.ceil(batch.length / 2);
          continue;
        }
        refusals++;
        if (refusals >= MAX_REFUSALS) {
          refusals = 0;
          left = this.#leaveBehind(left);
          backoff.succeeded(); // the next record has its own tries
          if (this.#suspects.length === 0) await stopping.wait(backoff.nextWaitMs(REFUSES_ALL_WAIT_MS));
          continue;
        }
      }
      if (outcome.kind === 'timeout') width = Math.ceil(batch.length / 2);
      await stopping.wait(backoff.nextWaitMs(outcome.kind === 'retry' ? outcome.afterMs : 0));
    }
  }

  /** What was left behind is about to be given again. */
  forget(): void {
    this.#suspects = [];
  }

  /** Leaves the first of `left` behind; gives what is to be sent now. */
  #leaveBehind(left: readonly Item[]): readonly Item[] {
    this.#suspects.push(...left.slice(0, 1));
    if (this.#suspects.length < MAX_SUSPECTS) return left.slice(1);
    return [...this.#suspects.splice(0), ...left.slice(1)];
  }

  /** The receiver takes others: what it still refuses is set aside. */
  async #judgeSuspects(): Promise<void> {
    for (let suspect = this.#suspects[0]; suspect; suspect = this.#suspects[0]) {
      const outcome = await this.#send([suspect]);
      if (!outcome) return;
      if (outcome.kind === 'accepted') {
        if (outcome.rejected > 0) this.#needs.setAside(suspect, outcome.message);
      } else if (outcome.kind === 'refused' || outcome.kind === 'too_large') {
        this.#needs.setAside(suspect, outcome.cause);
      } else {
        this.#needs.trouble(outcome.cause);
        await this.#needs.stopping.wait(
          this.#needs.backoff.nextWaitMs(outcome.kind === 'retry' ? outcome.afterMs : 0),
        );
        continue;
      }
      this.#suspects.shift();
    }
  }

  #send(items: readonly Item[]): Promise<Outcome | undefined> {
    const { builder, transport, stopping } = this.#needs;
    return stopping.unless(transport.send(builder.build(items.map(({ leaf }) => leaf))));
  }
}
