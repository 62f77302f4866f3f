/** Names, bytes, hashes and sockets: the log against what a program says it did. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { eventsIn, NEEDS_ROOT, type PrintedEvent, spoor } from '../spoor.ts';

interface Truth {
  readonly here: string;
  readonly pid: number;
  readonly written_sha256: string;
  readonly mapped_sha256: string;
  readonly read_bytes: number;
  readonly client: [string, number];
  readonly server: [string, number];
}

async function watchActs(t: TestContext): Promise<{ truth: Truth; events: PrintedEvent[] }> {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const program = join(CHECKOUT, 'test/system/acts.py');
  const ran = await spoor(['run', '--state', state, '--', '/usr/bin/python3', '-IS', program, folder], {
    // Few files of its own: the kernel keeps sums of 64 files a process apart.
    env: { LC_ALL: 'C' },
  });
  assert.equal(ran.code, 0, ran.stderr);
  const truth = JSON.parse(ran.stdout) as Truth;
  const events = eventsIn(state);
  // An absent event proves nothing if anything was lost.
  assert.deepEqual(
    events.filter((event) => event.event_name === 'sensor.gap'),
    [],
  );
  return { truth, events: events.filter((event) => event.attributes['process.pid'] === truth.pid) };
}

test('the log holds each act of a program, with its paths, bytes and hashes', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const { truth, events } = await watchActs(t);
  const at = (name: string) => join(truth.here, name);
  const of = (name: string) =>
    events.filter((event) => event.event_name === name).map((event) => event.attributes);
  const inFolder = (name: string) =>
    of(name).filter((attributes) => String(attributes['file.path']).startsWith(`${truth.here}/`));

  const paths = (name: string) => inFolder(name).map((attributes) => attributes['file.path']);
  assert.deepEqual(paths('file.create'), [at('written'), at('target'), at('folder')]);
  assert.deepEqual(
    inFolder('file.rename').map((rename) => [rename['spoor.file.previous_path'], rename['file.path']]),
    [[at('target'), at('renamed')]],
  );
  assert.deepEqual(
    inFolder('file.link').map((link) => [
      link['file.path'],
      link['spoor.file.previous_path'],
      link['file.symbolic_link.target_path'],
    ]),
    [
      [at('linked'), at('renamed'), undefined],
      [at('pointer'), undefined, 'renamed'],
    ],
  );
  assert.deepEqual(
    inFolder('file.attributes').map((change) => [
      change['file.path'],
      change['spoor.file.change'],
      change['file.mode'],
    ]),
    [[at('renamed'), 'mode', '0600']],
  );
  assert.deepEqual(
    inFolder('file.truncate').map((cut) => [cut['file.path'], cut['file.size']]),
    [[at('renamed'), 7]],
  );
  assert.deepEqual(paths('file.delete'), [at('linked'), at('folder')]);

  const closes = inFolder('file.close').filter((close) => close['file.path'] === at('written'));
  const sum = (name: string) => closes.reduce((bytes, close) => bytes + Number(close[name]), 0);
  assert.equal(sum('spoor.file.bytes_written'), 10_000_000);
  assert.equal(truth.read_bytes, 10_000_000);
  assert.equal(sum('spoor.file.bytes_read'), truth.read_bytes + 10_000_000); // and once whole, to hash it
  assert.equal(sum('spoor.file.bytes_mapped'), 8192);
  // The first hash may be of what the mapping made of it: the collector looks a moment later, and says what it saw.
  const hashes = closes.map((close) => close['file.hash.sha256']).filter((hash) => hash !== undefined);
  assert.equal(hashes.at(-1), truth.mapped_sha256);
  assert.deepEqual(
    hashes.filter((hash) => hash !== truth.written_sha256 && hash !== truth.mapped_sha256),
    [],
  );
  assert.deepEqual(
    of('security.memfd').map((memfd) => memfd['spoor.memfd.name']),
    ['scratch'],
  );
  assert.equal(of('security.ptrace')[0]?.['spoor.syscall.request'], 'PTRACE_SEIZE');
});

test('both ends of a connection are told with their exact bytes', { skip: NEEDS_ROOT }, async (t) => {
  const { truth, events } = await watchActs(t);
  const flows = events
    .filter((event) => event.event_name === 'network.close')
    .map(({ attributes }) => [
      attributes['network.local.port'],
      attributes['network.peer.port'],
      attributes['source.bytes'],
      attributes['destination.bytes'],
    ]);
  const [client, server] = [truth.client[1], truth.server[1]];
  assert.deepEqual(
    flows.filter(([local, peer]) => local === client || peer === client),
    [
      [client, server, 3000, 70_000],
      [server, client, 70_000, 3000],
    ],
  );
});
