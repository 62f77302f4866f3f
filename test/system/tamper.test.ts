/** Somebody with root changes the log after the fact; `spoor verify` says that, and where. */

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsRoot, type Outcome, spoor } from './spoor.ts';

/** Records of a bundle file: each two bytes of length, big endian, and then the record. */
function recordsOf(bundle: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + bundle.readUInt16BE(at);
    records.push(bundle.subarray(at, end));
    at = end;
  }
  return records;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The records of a short log lie in one bundle, which a closed log holds twice: as it grew, and as tlog-tiles say. */
function bundlesIn(state: string): string[] {
  const bundles = filesUnder(state).filter((file) => file.includes('/tile/entries/'));
  assert.notEqual(bundles.length, 0, `no entry bundle under ${state}`);
  return bundles;
}

function recordsIn(state: string): Buffer[] {
  return recordsOf(readFileSync(bundlesIn(state)[0] as string));
}

function changeRecords(state: string, change: (records: Buffer[]) => Buffer[]): void {
  for (const file of bundlesIn(state))
    writeFileSync(file, Buffer.concat(change(recordsOf(readFileSync(file)))));
}

function flipped(record: Buffer): Buffer {
  const changed = Buffer.from(record);
  changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
  return changed;
}

describe('a log that somebody changed', needsRoot, () => {
  const folder = emptyFolder({ after });
  const original = join(folder, 'state');
  let copies = 0;

  before(async () => {
    const outcome = await spoor([
      'run',
      '--state',
      original,
      '--',
      'bash',
      '-c',
      'ls / > /dev/null; id -u > /dev/null',
    ]);
    assert.equal(outcome.code, 0, outcome.stderr);
  });

  function copy(): string {
    const state = join(folder, `copy-${++copies}`);
    cpSync(original, state, { recursive: true, preserveTimestamps: true });
    return state;
  }

  /** Verifies a copy whose records went through `change`. */
  async function verifyChanged(change: (records: Buffer[]) => Buffer[]): Promise<Outcome> {
    const state = copy();
    changeRecords(state, change);
    return spoor(['verify', '--state', state]);
  }

  function isRefusedAt(outcome: Outcome, record: number): void {
    const said = outcome.stdout.toString('utf8') + outcome.stderr;
    assert.equal(outcome.code, 1, said);
    assert.match(said, new RegExp(`\\brecords? ${record}\\b`), said);
  }

  test('an untouched copy verifies, and says how many records it vouches for', async () => {
    const outcome = await spoor(['verify', '--state', copy()]);
    assert.equal(outcome.code, 0, outcome.stderr);
    const { length } = recordsIn(original);
    assert.match(outcome.stdout.toString('utf8'), new RegExp(`records 0 to ${length - 1}\\b`));
  });

  test('a flipped bit is found, and the record that holds it is named', async () => {
    const outcome = await verifyChanged((records) => records.with(5, flipped(records[5] as Buffer)));
    isRefusedAt(outcome, 5);
  });

  test('a cut tail is found, and the first record that is gone is named', async () => {
    const { length } = recordsIn(original);
    isRefusedAt(await verifyChanged((records) => records.slice(0, -2)), length - 2);
  });

  test('a removed record is found, and its place is named', async () => {
    isRefusedAt(await verifyChanged((records) => records.toSpliced(7, 1)), 7);
  });

  test('two swapped records are found, and the place of the first is named', async () => {
    isRefusedAt(
      await verifyChanged((records) => records.with(3, records[9] as Buffer).with(9, records[3] as Buffer)),
      3,
    );
  });

  test("a record of another host's log is found, and its place is named", async () => {
    const other = join(folder, 'other');
    assert.equal((await spoor(['run', '--state', other, '--', 'true'])).code, 0);
    const foreign = recordsIn(other)[2] as Buffer;
    isRefusedAt(await verifyChanged((records) => records.with(4, foreign)), 4);
  });

  test("a log whose records, hashes and checkpoints are all another key's does not pass for this host's", async () => {
    const other = join(folder, 'forged');
    assert.equal((await spoor(['run', '--state', other, '--', 'true'])).code, 0);
    const key = filesUnder(original).find((file) => file.endsWith('.pub'));
    assert.ok(key);
    const outcome = await spoor(['verify', '--state', other, '--key', key]);
    assert.equal(outcome.code, 1, outcome.stdout.toString('utf8') + outcome.stderr);
  });

  test('one changed byte in any file that verification rests on is never passed over', async () => {
    const log = join(original, 'log');
    for (const file of filesUnder(log).filter((path) => !/\/(?:lock|reserve)$/.test(path))) {
      const state = copy();
      const place = join(state, 'log', relative(log, file));
      const bytes = readFileSync(place);
      if (bytes.length === 0) continue;
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      writeFileSync(place, bytes);
      const outcome = await spoor(['verify', '--state', state]);
      assert.equal(
        outcome.code,
        1,
        `${relative(log, file)}: ${outcome.stdout.toString('utf8')}${outcome.stderr}`,
      );
    }
  });

  test('a run after the damage neither hides it nor loses what it records itself', async () => {
    const state = copy();
    changeRecords(state, (records) => records.with(5, flipped(records[5] as Buffer)));
    await spoor(['run', '--state', state, '--', 'true']);
    isRefusedAt(await spoor(['verify', '--state', state]), 5);
  });
});
