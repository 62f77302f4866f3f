/** kill -9 at random points under load: what a checkpoint covered is there, what was durable too, and the log goes on. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newestCheckpoint } from '../../collector/log/journal.ts';
import { readRecords } from '../../collector/log/reader.ts';
import { decodeLeaf } from '../../collector/log/record.ts';
import { verifyLog } from '../../collector/verify/verify.ts';
import { CHECKOUT } from '../checkout.ts';
import type { Fault } from './fault.ts';
import { freshFolder, sealLog } from './sealed-log.ts';

const KILLS = { ci: 15, full: 100 };
/** The time until the kill is drawn evenly from this, counted from the writer's first word. */
const LONGEST_LIFE_MS = 400;

interface Said {
  readonly appended: number;
  readonly durable: number;
  readonly covered: number;
}

async function writeAndKill(state: string, already: number): Promise<Said> {
  const writer = spawn(
    process.execPath,
    [join(CHECKOUT, 'dist/test/faults/writer.js'), state, String(already)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  writer.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const closed = once(writer, 'close');
  await Promise.race([once(writer.stdout, 'data'), closed]);
  assert.equal(writer.exitCode, null, 'the writer could not open the log that the kill before left');
  await pause(Math.random() * LONGEST_LIFE_MS);
  writer.kill('SIGKILL');
  await closed;
  const last = (word: string): number =>
    Number(text.match(new RegExp(`(?<=${word} )\\d+(?=\\n)`, 'g'))?.at(-1) ?? 0);
  return { appended: last('appended'), durable: last('durable'), covered: last('covered') };
}

/** Numbers of the made events the log holds, in its order; from the first it was not pruned of. */
async function madeIn(log: string): Promise<number[]> {
  const made: number[] = [];
  for await (const records of readRecords(log, 0, Number.MAX_SAFE_INTEGER))
    for (const { leaf } of records) {
      const path = /^\/made\/(\d+)$/.exec(String(decodeLeaf(leaf).attributes['file.path'] ?? ''));
      if (path) made.push(Number(path[1]));
    }
  return made;
}

export const kills: readonly Fault[] = [
  {
    name: 'kill -9 at random points under load',
    async run(size) {
      const state = freshFolder();
      const log = join(state, 'log');
      let next = 0;
      let lost = 0;
      for (let kill = 0; kill < KILLS[size]; kill++) {
        const { appended, durable, covered } = await writeAndKill(state, next);
        // As the kill left it, before anybody mends it.
        const killed = await verifyLog(log);
        assert.deepEqual(killed.problems, [], `after kill ${kill + 1}`);
        assert.ok(killed.size >= covered, `${covered} records were covered, ${killed.size} are`);
        assert.ok(killed.size + killed.unsigned >= durable, `of ${durable} durable records some are gone`);
        await sealLog(state, []); // opened, which says and signs what is left, and closed
        const made = await madeIn(log);
        made.forEach((number, i) => {
          if (i > 0)
            assert.ok(number > (made[i - 1] as number), `event ${number} stands after ${made[i - 1]}`);
        });
        const kept = (made.at(-1) ?? -1) + 1;
        lost += Math.max(0, appended - Math.max(next, kept));
        next = Math.max(next, appended, kept); // a kill may come between an append and the word about it
      }
      const verdict = await verifyLog(log);
      assert.deepEqual(verdict.problems, []);
      assert.equal(verdict.writer, undefined, 'the lock of a dead writer is no lock');
      const last = newestCheckpoint(log)?.checkpoint;
      return {
        happened: `${KILLS[size]} times opened again, ${last?.size} records signed in ${(last?.number ?? 0) + 1} checkpoints, pruned to the last ${(last?.size ?? 0) - verdict.first}; each kill stated. Lost: handed over in the last 0.1 s, not durable, in no checkpoint`,
        lost,
      };
    },
  },
];
