/** The watch that goes on in the kernel under names in a bpf file system (addon/pins.h). */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SessionTag } from '../event.ts';
import type { KeptWatch, Taken } from '../sensor.ts';
import { SensorError } from '../sensor.ts';
import { type FoundKept, type Handle, loadNative, type Native } from './native.ts';
import { KIND_NAMES } from './records.ts';

/** A loss of which only is known that it happened; a record may have held events of several names. */
const ANY_EVENT = 'record';

/** Names what is kept: only a sensor of the same bytes, tier and ring reads on. */
export function identityOf(objectPath: string, tier: string, ringBytes: number): string {
  const object = createHash('sha256').update(readFileSync(objectPath)).digest('hex');
  return createHash('sha256').update(`${object} ${tier} ${ringBytes}`).digest('hex');
}

/** Takes away what is kept at a path; nothing is watched any more. @throws SensorError when its owner runs */
export function removeKept(path: string): void {
  try {
    loadNative().unkeep(path);
  } catch (error) {
    throw new SensorError((error as Error).message);
  }
}

export class LinuxKept implements KeptWatch {
  readonly #native: Native;
  readonly #handle: Handle;
  #found: FoundKept;
  readonly #lossTold: () => ReadonlyMap<string, bigint>;
  #state: 'kept' | 'forgotten' | 'closed' = 'kept';

  constructor(native: Native, handle: Handle, found: FoundKept, lossTold: () => ReadonlyMap<string, bigint>) {
    this.#native = native;
    this.#handle = handle;
    this.#found = found;
    this.#lossTold = lossTold;
  }

  /** Once the programs are attached, what was found is known whole. */
  attached(): void {
    this.#found = this.#native.kept(this.#handle) ?? this.#found;
  }

  get found(): KeptWatch['found'] {
    return this.#found.found;
  }

  get tagsKept(): boolean {
    return this.#found.tagsKept;
  }

  get replayUntil(): bigint {
    return this.#found.replayUntil;
  }

  get markIndex(): number {
    return Number(this.#found.markIndex);
  }

  get untold(): ReadonlyMap<string, bigint> {
    const { found, overwritten, unmarked, unread } = this.#found;
    const untold = new Map<string, bigint>();
    for (const [kind, count] of unread.entries())
      if (count > 0n) untold.set(KIND_NAMES[kind] ?? ANY_EVENT, count);
    const isTakenBefore = found === 'same' || found === 'other';
    if (isTakenBefore && overwritten && unmarked > 0n)
      untold.set(ANY_EVENT, (untold.get(ANY_EVENT) ?? 0n) + unmarked);
    return untold;
  }

  get attachedAgain(): readonly string[] {
    return this.#found.attachedAgain;
  }

  get goesOn(): boolean {
    return this.#state === 'kept';
  }

  taken(): Taken {
    const [position, , records] = this.#native.positions(this.#handle);
    return { position, records };
  }

  mark({ position, records }: Taken, index: number): void {
    if (this.#state === 'kept') this.#native.mark(this.#handle, position, records, BigInt(index));
  }

  verdict(suspect: SessionTag): SessionTag {
    return this.#state === 'closed' ? 0 : this.#native.verdict(this.#handle, suspect);
  }

  lossTold(): ReadonlyMap<string, bigint> {
    return this.#lossTold();
  }

  forget(): void {
    if (this.#state !== 'kept') return;
    this.#native.forget(this.#handle);
    this.#state = 'forgotten';
  }

  close(): void {
    if (this.#state !== 'kept') return;
    this.#state = 'closed';
    this.#native.close(this.#handle);
  }
}
