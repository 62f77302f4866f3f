/**
 * What a correlator remembers, as plain data and as text.
 *
 * Text is made a piece at a time, and events go on between: a picture shows every group as it was when the picture was
 * begun. A group that an event is about to change is put aside first, as it was; the others are read when it is their
 * turn.
 */

import type { Window } from './window.ts';

/** Ties a finding to the window it opened; whoever makes the finding writes its uid here. */
export interface Ticket {
  findingUid: string;
}

/** The finding of a group that is open. */
export interface OpenFinding {
  readonly ticket: Ticket;
  readonly firedMs: number;
  count: number;
}

/** Plain data, so that it can be written as JSON. */
export interface CorrelatorState {
  readonly version: 1;
  readonly correlations: readonly {
    readonly fingerprint: string;
    readonly groups: readonly GroupState[];
  }[];
}

export interface GroupState {
  /** The values of group-by, of some fields only their SHA-256 (see keptText). */
  readonly kept: readonly string[];
  /** timeMs, input, evidence, value */
  readonly entries: readonly (readonly [
    number,
    number,
    string | readonly string[],
    string | number | null,
  ])[];
  readonly open: { readonly uid: string; readonly firedMs: number; readonly count: number } | null;
}

/** What a picture needs of a group. */
export interface Pictured {
  readonly key: string;
  readonly window: Window;
  readonly open: OpenFinding | undefined;
  /** Number of the last picture that has the group; its own when it needs no look any more. */
  pictured: number;
}

export function stateOf({ key, window, open }: Pictured): GroupState {
  return {
    kept: key.split('\0'),
    entries: window
      .kept()
      .map(({ timeMs, input, evidence, value }) => [timeMs, input, evidence, value ?? null] as const),
    open: open ? { uid: open.ticket.findingUid, firedMs: open.firedMs, count: open.count } : null,
  };
}

interface Section {
  readonly fingerprint: string;
  readonly groups: readonly Pictured[];
}

let pictures = 0;

export class Picture {
  readonly number: number;
  private readonly sections: readonly Section[];
  private readonly aside = new Map<Pictured, GroupState>();

  constructor(sections: readonly Section[]) {
    pictures += 1;
    this.number = pictures;
    this.sections = sections;
  }

  /** To be called before a group changes. */
  keep(group: Pictured): void {
    if (group.pictured === this.number) return;
    group.pictured = this.number;
    this.aside.set(group, stateOf(group));
  }

  /** JSON of the CorrelatorState of the moment at which the picture was begun. */
  *text(): Generator<string, void> {
    yield '{"version":1,"correlations":[';
    for (const [place, { fingerprint, groups }] of this.sections.entries()) {
      yield `${place > 0 ? ',' : ''}{"fingerprint":${JSON.stringify(fingerprint)},"groups":[`;
      let before = '';
      for (const group of groups) {
        yield before + JSON.stringify(this.taken(group));
        before = ',';
      }
      yield ']}';
    }
    yield ']}';
  }

  private taken(group: Pictured): GroupState {
    const aside = this.aside.get(group);
    this.aside.delete(group);
    if (aside) return aside;
    group.pictured = this.number;
    return stateOf(group);
  }
}
