/** A journal of many checkpoints: a host on which little happens signs one a second, for weeks. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import { readJournal } from '../log/journal.ts';
import { firstRecord } from '../log/reader.ts';
import { verifyLog } from '../verify/verify.ts';
import { openHostKey } from './hostkey.ts';
import { openSeal } from './seal.ts';

const CHECKPOINTS = 200_000;
/** Twice what reading them one by one takes, half of what they are together in memory. */
const MAX_GROWTH_BYTES = 120e6;

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'long-journal-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('opening a log takes no more memory for 200,000 checkpoints than for a few', async (t) => {
  const state = folder(t);
  const openIt = () =>
    openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId: 'h' });
  await (await openIt()).close();
  const path = join(state, 'log/checkpoints');
  const last = readJournal(join(state, 'log')).checkpoints.at(-1)?.text ?? assert.fail();
  // The same again and again: only the last of a journal says where the log goes on.
  const own = readFileSync(path);
  writeFileSync(path, Buffer.concat([own, Buffer.from(`${last}\n`.repeat(CHECKPOINTS))]));
  const script = `
    import { openSeal } from ${JSON.stringify(new URL('./seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('./hostkey.js', import.meta.url).href)};
    const before = process.memoryUsage.rss();
    const seal = await openSeal({ directory: '${state}/log', hostKey: openHostKey('${state}/key'), hostId: 'h' });
    console.log(process.memoryUsage.rss() - before);
    await seal.close();`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  assert.ok(Number(ran.stdout) < MAX_GROWTH_BYTES, `${ran.stdout.trim()} bytes more`);
});

test('checkpoints count in the budget, and go with the records they cover', async (t) => {
  const state = folder(t);
  const log = join(state, 'log');
  const maxBytes = 600_000;
  const seal = await openSeal({
    directory: log,
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
    retention: { maxBytes },
  });
  for (let i = 0; i < 1_500; i++) {
    seal.append(opens(1));
    await seal.checkpoint();
  }
  await seal.close();
  assert.ok(firstRecord(log) > 0, 'something was pruned');
  const bytes = readdirSync(log, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.path, entry.name)).size, 0);
  assert.ok(bytes < maxBytes * 1.1, `${bytes} bytes are on disk`);
  assert.deepEqual((await verifyLog(log)).problems, []);
});
