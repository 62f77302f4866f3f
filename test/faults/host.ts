/** The host around the log: its clock, its key, its identity, and whoever has its key. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { witnessKey } from '../../collector/log/cosignature.ts';
import { readJournal } from '../../collector/log/journal.ts';
import { readRecords } from '../../collector/log/reader.ts';
import { decodeLeaf, type LogRecord } from '../../collector/log/record.ts';
import { openHostKey, publishedKeys } from '../../collector/seal/hostkey.ts';
import { LogDamagedError } from '../../collector/seal/recover.ts';
import { openSeal, type Seal } from '../../collector/seal/seal.ts';
import { verifyLog } from '../../collector/verify/verify.ts';
import { countersign } from '../../collector/witness/countersign.ts';
import { memoryIn } from '../../collector/witness/memory.ts';
import { serveWitness } from '../../collector/witness/server.ts';
import { Witness } from '../../collector/witness/witness.ts';
import { SPOOR } from '../checkout.ts';
import type { Fault } from './fault.ts';
import { copyOf, freshFolder, openEvent, sealLog, spoor } from './sealed-log.ts';

const HOUR_MS = 3_600_000;
const NOBODY = 65_534;

function openOn(state: string, hostId: string): Promise<Seal> {
  return openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId });
}

async function recordsIn(state: string, eventName: string): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const some of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    for (const { leaf } of some) {
      const record = decodeLeaf(leaf);
      if (record.eventName === eventName) found.push(record);
    }
  return found;
}

/** Everything in the log's folder, to see whether a refused writer touched it. */
function contentOf(state: string): string {
  const log = join(state, 'log');
  const files = readdirSync(log, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => `${entry.name} ${readFileSync(join(entry.parentPath, entry.name)).toString('base64')}`)
    .sort()
    .join('\n');
}

/** A writer is refused with this in one line, and leaves the log as it was. */
async function refused(harm: (state: string) => void, line: RegExp): Promise<string> {
  const state = freshFolder();
  await sealLog(state, [300]);
  harm(state);
  const before = contentOf(state);
  const { code, text } = spoor('key', 'rotate', '--state', state);
  assert.equal(code, 2, text);
  assert.match(text, line);
  assert.equal(contentOf(state), before, 'a refused writer touches nothing');
  return `refused: ${text.trim().replaceAll(state, 'STATE')}`;
}

const keyFaults: readonly Fault[] = [
  {
    name: 'key missing',
    async run() {
      const state = freshFolder();
      await sealLog(state, [300]);
      rmSync(join(state, 'key/host.key'));
      const before = contentOf(state);
      // A key is made where there is none; it does not fit the log, and the log is left alone.
      const refusal = await openOn(state, 'faults').catch((error: Error) => error);
      assert.ok(refusal instanceof LogDamagedError);
      assert.match(refusal.message, /is signed by key [0-9a-f]{8}, the host key is/);
      assert.equal(contentOf(state), before);
      return { happened: `refused: ${refusal.message.replaceAll(state, 'STATE')}`, lost: 0 };
    },
  },
  {
    name: 'key readable by others (mode 0644)',
    async run() {
      const harm = (state: string): void => chmodSync(join(state, 'key/host.key'), 0o644);
      return { happened: await refused(harm, /has mode 0644.*chmod 600/), lost: 0 };
    },
  },
  {
    name: 'key overwritten with garbage',
    async run() {
      const harm = (state: string): void => writeFileSync(join(state, 'key/host.key'), 'garbage');
      return { happened: await refused(harm, /holds no private key/), lost: 0 };
    },
  },
  {
    name: 'key unreadable (owner root, run as nobody)',
    async run() {
      const state = freshFolder();
      await sealLog(state, [300]);
      chmodSync(state, 0o755);
      chmodSync(join(state, 'key'), 0o755);
      chownSync(join(state, 'key/host.key'), 0, 0);
      const { status, stderr } = spawnSync(SPOOR, ['key', 'show', '--state', state], {
        encoding: 'utf8',
        uid: NOBODY,
        gid: NOBODY,
      });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /cannot read .*host\.key \(EACCES\)/);
      return { happened: `refused: ${stderr.trim().replaceAll(state, 'STATE')}`, lost: 0 };
    },
  },
];

export const hostFaults: readonly Fault[] = [
  {
    name: 'clock set back an hour (injected: time namespaces have no wall clock)',
    async run() {
      const state = freshFolder();
      await sealLog(state, [300]);
      const now = Date.now;
      Date.now = () => now() - HOUR_MS;
      try {
        // Kept for half an hour: what was sealed before the clock went back is younger than nothing.
        const hostKey = openHostKey(join(state, 'key'));
        const retention = { maxBytes: 2 ** 30, maxAgeMs: HOUR_MS / 2 };
        const seal = await openSeal({ directory: join(state, 'log'), hostKey, hostId: 'faults', retention });
        seal.append(Array.from({ length: 300 }, (_, i) => openEvent(`/later/${i}`)));
        await seal.close();
      } finally {
        Date.now = now;
      }
      const verdict = await verifyLog(join(state, 'log'));
      assert.deepEqual(verdict.problems, []);
      assert.equal(verdict.first, 0);
      const times = readJournal(join(state, 'log')).checkpoints.map(({ checkpoint }) => checkpoint.time);
      assert.ok((times.at(-1) ?? '') < (times[0] ?? ''), 'the checkpoints show it');
      return {
        happened: 'the log goes on by index, nothing is pruned for it; the times show the step',
        lost: 0,
      };
    },
  },
  {
    name: 'log folder copied to another host, without its key',
    async run() {
      const state = freshFolder();
      await sealLog(state, [300]);
      const copy = copyOf(state);
      rmSync(join(copy, 'key'), { recursive: true });
      const judged = spoor('verify', '--state', copy, '--key', join(state, 'key/host.pub'));
      assert.equal(judged.code, 0, judged.text);
      await assert.rejects(openOn(copy, 'another'), /is signed by key .*, the host key is /);
      return { happened: 'verified there with the public key; a writer there is refused', lost: 0 };
    },
  },
  {
    name: 'state folder copied to another host, key and all',
    async run() {
      const state = freshFolder();
      await sealLog(state, [300]);
      const copy = copyOf(state);
      await (await openOn(copy, 'another')).close();
      const opened = (await recordsIn(copy, 'log.open')).at(-1);
      assert.equal(opened?.attributes['spoor.log.host'], 'another');
      assert.equal(opened?.severityText, 'WARN');
      await sealLog(state, [10]);
      const [{ number } = { number: 0 }] = readJournal(join(copy, 'log'))
        .checkpoints.slice(-1)
        .map((one) => one.checkpoint);
      const kept = join(freshFolder(), 'checkpoint');
      writeFileSync(kept, readJournal(join(copy, 'log')).checkpoints.at(-1)?.text ?? '');
      const judged = spoor('verify', '--state', state, '--since', kept);
      assert.equal(judged.code, 1, judged.text);
      return {
        happened: `stated in log.open (spoor.log.host); two histories are told apart by checkpoint ${number} of the other: ${judged.text.trim()}`,
        lost: 0,
      };
    },
  },
  ...keyFaults,
  {
    name: 'stolen key: history rewritten after a witness saw it',
    async run() {
      const state = freshFolder();
      await sealLog(state, [10]);
      const stolen = freshFolder();
      cpSync(state, stolen, { recursive: true });
      const own = freshFolder();
      const { privateKey, publicKey } = openHostKey(join(own, 'key'));
      const key = witnessKey('witness.example', publicKey);
      const memory = memoryIn(join(own, 'logs'));
      const keysOf = () => publishedKeys(join(state, 'key'));
      const witness = new Witness({ key, privateKey, keysOf, memory });
      const server = await serveWitness({ witness, memory, host: '127.0.0.1', port: 0, answered: () => {} });
      const address = { url: `http://127.0.0.1:${server.port}`, key };
      try {
        for (const folder of [state, stolen]) {
          const seal = await openOn(folder, 'faults');
          const countersigner = countersign(seal, join(folder, 'log'), [address]);
          seal.append(Array.from({ length: 300 }, (_, i) => openEvent(`${folder}/${i}`)));
          await countersigner.finish();
          await seal.close();
        }
      } finally {
        await server.close();
      }
      const [answer] = await recordsIn(stolen, 'log.witness');
      assert.equal(answer?.attributes['spoor.witness.outcome'], 'refused');
      assert.equal((await verifyLog(join(stolen, 'log'), undefined, [key])).witnessed.length, 0);
      assert.equal((await verifyLog(join(state, 'log'), undefined, [key])).witnessed.length, 1);
      return { happened: `the witness refused: ${answer.attributes['spoor.witness.reason']}`, lost: 0 };
    },
  },
];
