/**
 * A writer to be killed: seals batches of every size as fast as it can, and says what it did.
 *
 *   node dist/test/faults/writer.js STATE
 *
 * Lines on standard output: `appended N` after each batch, the number of all events so far, counted on from what the log
 * holds already; `durable N` for the records that a power cut could not take; `covered N` for what a checkpoint covers.
 */

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { openEvent } from './sealed-log.ts';

const STDOUT = 1;
const MOST_A_BATCH = 400;
/** Asked for more often than by itself, so that kills fall into signing and writing checkpoints too. */
const BATCHES_A_CHECKPOINT = 20;

const [, , state = '', already = '0'] = process.argv;
const seal = await openSeal({
  directory: join(state, 'log'),
  hostKey: openHostKey(join(state, 'key')),
  hostId: 'faults',
  retention: { maxBytes: 4 * 1024 * 1024 },
});
let made = Number(already);
seal.onGrow((durable) => writeSync(STDOUT, `durable ${durable}\n`));
seal.onCheckpoint(({ checkpoint }) => writeSync(STDOUT, `covered ${checkpoint.size}\n`));
for (let batches = 1; ; batches++) {
  const count = 1 + Math.floor(Math.random() * MOST_A_BATCH);
  seal.append(Array.from({ length: count }, () => openEvent(`/made/${made++}`)));
  writeSync(STDOUT, `appended ${made}\n`);
  if (batches % BATCHES_A_CHECKPOINT === 0) await seal.checkpoint();
  else await new Promise((resolve) => setImmediate(resolve));
}
