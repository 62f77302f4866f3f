/** Cosignatures in a SIEM's copy: a real witness, and a receiver of another stack. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { startReceiver } from '../../test/receivers/receiver.ts';
import { spoor } from '../../test/system/spoor.ts';
import { startWitness } from '../../test/witness.ts';
import { parseWitnessKey, type WitnessKey, witnessKey } from '../log/cosignature.ts';
import { parseVkey } from '../log/note.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { describeResource } from '../ship/resource.ts';
import { createLogShipper } from '../ship/shipper.ts';
import { countersign } from '../witness/countersign.ts';
import { verifyCopy } from './copy.ts';

interface Exported {
  resourceLogs: { scopeLogs: { logRecords: Record[] }[] }[];
}
interface Record {
  eventName: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

test('a copy says up to where which witness cosigned it, and a cosignature of another history breaks it', async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const open = () =>
    openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId: 'h' });
  await (await open()).close();
  const running = await startWitness(
    t,
    ...['--name', 'w.example', '--logs', join(state, 'key/host.pub')],
    ...['--listen', '127.0.0.1:0', '--state', join(folder, 'witness')],
  );
  const witness = { url: running.url, key: parseWitnessKey(running.key) };
  const seal = await open();
  await countersign(seal, join(state, 'log'), [witness]).finish();
  await seal.close();

  const receiver = await startReceiver({ folder: join(folder, 'state') });
  const shipper = createLogShipper({
    logDirectory: join(state, 'log'),
    positionsDirectory: join(state, 'ship'),
    destination: { url: receiver.url },
    resource: describeResource({ version: '1.2.3', keyId: seal.verifierKey.keyId }),
  });
  shipper.start();
  assert.ok((await shipper.flush(60_000)).delivered);
  await shipper.stop();
  await receiver.stop();

  const keyFile = join(state, 'key/host.pub');
  const judge = (path: string, key: WitnessKey) =>
    verifyCopy(path, [parseVkey(readFileSync(keyFile, 'utf8'))], [key]);
  const verdict = await judge(receiver.exportFile, witness.key);
  assert.deepEqual(verdict.problems, []);
  assert.deepEqual(
    verdict.witnessed.map(({ name, size }) => [name, size]),
    [['w.example', 2]],
    'the log.open records of both writers; the closing checkpoint covers the log.witness record as well',
  );
  const stranger = witnessKey('w.example', openHostKey(join(folder, 'stranger')).publicKey);
  assert.deepEqual((await judge(receiver.exportFile, stranger)).witnessed, []);

  const said = await spoor([
    ...['verify', '--otlp', receiver.exportFile, '--key', keyFile],
    ...['--witness', join(folder, 'witness/key/witness.pub')],
  ]);
  assert.equal(said.code, 0, said.stderr.toString());
  assert.match(said.stdout.toString(), /^witnessed {2}records 0 to 1 by w\.example \([0-9a-f]{8}\), at /m);

  // Every checkpoint of the copy but the one inside the witness's record is left out: that one still is one.
  const lines = readFileSync(receiver.exportFile, 'utf8').trim().split('\n');
  const records = lines
    .flatMap((line) => (JSON.parse(line) as Exported).resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
  const write = (name: string, kept: readonly Record[]): string => {
    const path = join(folder, name);
    writeFileSync(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return path;
  };
  const without = await judge(
    write(
      'without',
      records.filter(({ eventName }) => eventName !== 'log.checkpoint'),
    ),
    witness.key,
  );
  assert.deepEqual([without.checkpoints, without.proved], [1, 2]);

  // Another history of the same log, shipped to the same place: the witness's word contradicts it.
  const forged = structuredClone(records);
  for (const { eventName, attributes } of forged)
    if (eventName === 'log.witness')
      for (const { key, value } of attributes)
        if (key === 'spoor.checkpoint.note')
          value.stringValue = (value.stringValue ?? '').replace('\nlost 0\n', '\nlost 7\n');
  const broken = await judge(write('forged', forged), witness.key);
  assert.equal(broken.integrity, 'broken');
  assert.match(
    broken.problems.map(({ message }) => message).join('\n'),
    /was changed: its signature by key .* does not fit/,
  );
});
