/** The power goes while the end of a small log is written: each file's last write cut, or garbled, at every byte. */

import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf } from '../../collector/log/bundle.ts';
import { readJournal } from '../../collector/log/journal.ts';
import { HASH_BYTES } from '../../collector/log/merkle.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { verifyLog } from '../../collector/verify/verify.ts';
import type { Fault, FaultSize } from './fault.ts';
import { freshFolder, openEvent, sealLog } from './sealed-log.ts';

/** Every so many bytes. */
const STEP = { ci: 41, full: 1 };
const COVERED = 3;
const AFTER = 3;

interface Cut {
  readonly state: string;
  /** Where the last write of each file began. */
  readonly begins: Readonly<Record<string, number>>;
}

let made: Promise<Cut> | undefined;

/** A log as a power cut finds it: 4 records covered by checkpoint 1, 3 after it on disk, checkpoint 2 just written. */
async function makeCut(): Promise<Cut> {
  const live = freshFolder();
  const seal = await openSeal({
    directory: join(live, 'log'),
    hostKey: openHostKey(join(live, 'key')),
    hostId: 'faults',
  });
  seal.append(Array.from({ length: COVERED }, (_, i) => openEvent(`/covered/${i}`)));
  await seal.checkpoint();
  const covered = 1 + COVERED;
  const newest = readFileSync(join(live, 'log/checkpoint'));
  const journal = readJournal(join(live, 'log')).end;
  seal.append(Array.from({ length: AFTER }, (_, i) => openEvent(`/after/${i}`)));
  await seal.checkpoint();
  const state = freshFolder();
  cpSync(live, state, { recursive: true });
  rmSync(join(state, 'log/lock')); // its owner, this process, is dead in this story
  rmSync(join(state, 'log/reserve'), { force: true });
  writeFileSync(join(state, 'log/checkpoint'), newest); // written last, so not yet
  await seal.close();
  const entries = entriesOf(readFileSync(join(state, 'log/tile/entries/000.tail')));
  return {
    state,
    begins: {
      'tile/entries/000.tail': entries[covered - 1]?.end ?? 0,
      'tile/0/000.tail': covered * HASH_BYTES,
      checkpoints: journal,
    },
  };
}

async function tryEach(
  file: string,
  size: FaultSize,
  harm: (bytes: Buffer, at: number) => Buffer,
): Promise<{ tried: number; least: number }> {
  made ??= makeCut();
  const { state: cut, begins } = await made;
  const begin = begins[file] ?? 0;
  const bytes = readFileSync(join(cut, 'log', file));
  let tried = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = begin; at < bytes.length; at += STEP[size]) {
    const state = freshFolder();
    cpSync(cut, state, { recursive: true });
    // What is no part of the journal was written before a checkpoint over it: that one was not yet.
    if (file !== 'checkpoints')
      writeFileSync(
        join(state, 'log/checkpoints'),
        readFileSync(join(cut, 'log/checkpoints')).subarray(0, begins.checkpoints),
      );
    writeFileSync(join(state, 'log', file), harm(Buffer.from(bytes), at));
    await sealLog(state, []);
    const verdict = await verifyLog(join(state, 'log'));
    assert.deepEqual(verdict.problems, [], `${file}, byte ${at}`);
    assert.equal(verdict.interruptions, 1, `${file}, byte ${at}: it is stated`);
    const kept = verdict.size - 1; // without the log.open of the new writer
    assert.ok(kept >= 1 + COVERED, `${file}, byte ${at}: ${kept} records are left`);
    least = Math.min(least, kept);
    tried++;
    rmSync(state, { recursive: true });
  }
  return { tried, least };
}

function fault(file: string, what: string, harm: (bytes: Buffer, at: number) => Buffer): Fault {
  return {
    name: `power cut: ${file} ${what}`,
    async run(size) {
      const { tried, least } = await tryEach(file, size, harm);
      const whole = 1 + COVERED + AFTER;
      return {
        happened: `${tried} times opened again, cut back to the last whole record, stated; of ${AFTER} records in no checkpoint at worst ${whole - least} gone, of ${1 + COVERED} covered none`,
        lost: whole - least,
      };
    },
  };
}

const FILES = ['tile/entries/000.tail', 'tile/0/000.tail', 'checkpoints'];

export const powerCuts: readonly Fault[] = FILES.flatMap((file) => [
  fault(file, 'ends at each byte of its last write', (bytes, at) => bytes.subarray(0, at)),
  fault(file, 'is zero from each byte of its last write on', (bytes, at) => bytes.fill(0, at)),
  fault(file, 'has a bit flipped in each byte of its last write', (bytes, at) => {
    bytes[at] = (bytes[at] as number) ^ 0x10;
    return bytes;
  }),
]);
