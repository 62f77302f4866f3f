/** A log that somebody writes, or prunes, while it is verified. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import { firstRecord } from '../log/reader.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { verifyLog } from './verify.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'log-living-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('a log is intact at every look while its writer signs one checkpoint after the other', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'log-living-'));
  const script = `
    import { openSeal } from ${JSON.stringify(new URL('../seal/seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('../seal/hostkey.js', import.meta.url).href)};
    const seal = await openSeal({ directory: '${state}/log', hostKey: openHostKey('${state}/key'), hostId: 'h' });
    for (let made = 0; ; made++) {
      seal.append([{ name: 'file.open', uid: String(made).padStart(26, '0'), timeNs: 1n, severity: 9, traceId: '',
        spanId: '', attributes: { 'file.path': '/tmp/' + made }, seen: undefined }]);
      await seal.checkpoint();
      // The longer the journal, the longer its signatures are checked while further ones are written.
      if (made === 300) process.stdout.write('begun\\n');
    }
  `;
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // What it writes to is removed when it has ended, and not before.
  t.after(async () => {
    writer.kill('SIGKILL');
    if (writer.signalCode === null) await once(writer, 'exit');
    rmSync(state, { recursive: true });
  });
  await once(writer.stdout, 'data');
  let size = 0;
  for (let looks = 0; looks < 20; looks++) {
    const { integrity, problems, size: now } = await verifyLog(join(state, 'log'));
    assert.equal(integrity, 'intact', problems.map(({ message }) => message).join('\n'));
    assert.ok(now >= size);
    size = now;
  }
  assert.ok(size > 301, 'it was written all the while');
});

test('records that retention deletes while a log is verified are missing from none', async (t) => {
  const state = folder(t);
  const log = join(state, 'log');
  const maxBytes = 16_000_000;
  const long = 'x'.repeat(200);
  const openIt = () =>
    openSeal({
      directory: log,
      hostKey: openHostKey(join(state, 'key')),
      hostId: 'h',
      retention: { maxBytes },
    });
  const seal = await openIt();
  seal.append(opens(40_000, long));
  await seal.checkpoint();
  await seal.close();
  const before = join(state, 'before/log');
  cpSync(log, before, { recursive: true });
  cpSync(join(state, 'key'), join(before, '../key'), { recursive: true });
  const later = await openIt();
  for (let i = 0; i < 60; i++) {
    later.append(opens(1_000, long));
    await later.checkpoint();
  }
  await later.close();
  assert.ok(firstRecord(log) > 40_000, 'all of the former is deleted');

  // The look goes on for as long as nothing waits; when it lets others run, the log is the later one.
  const verifying = verifyLog(before);
  rmSync(before, { recursive: true });
  cpSync(log, before, { recursive: true });
  const { integrity, problems, first } = await verifying;
  assert.equal(integrity, 'intact', problems.map(({ message }) => message).join('\n'));
  assert.equal(first, firstRecord(log));
});
