/** A log whose whole bundles are immutable and whose journal is append-only, by the attributes of ext4, xfs and btrfs. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { opens } from '../../test/opens.ts';
import { journalPath, TILE_WIDTH, tilePath } from '../log/tiles.ts';
import { verifyLog } from '../verify/verify.ts';
import { openHostKey } from './hostkey.ts';
import { openSeal } from './seal.ts';

/** A folder whose files lose their attributes before it is deleted. */
function freshFolder(t: TestContext): string {
  let folder = '';
  t.after(() => spawnSync('chattr', ['-R', '-ai', folder]));
  folder = emptyFolder(t);
  return folder;
}

function attribute(change: '+a' | '+i' | '-i', path: string): boolean {
  return spawnSync('chattr', [change, path]).status === 0;
}

function denied(act: () => void): void {
  assert.throws(act, { code: 'EPERM' });
}

test('an append-only journal and immutable bundles refuse to be rewritten, and the log goes on over restarts', async (t) => {
  const folder = freshFolder(t);
  const directory = join(folder, 'log');
  const open = () => openSeal({ directory, hostKey: openHostKey(join(folder, 'key')), hostId: 'h' });
  const first = await open();
  first.append(opens(2 * TILE_WIDTH));
  await first.close();
  const whole = [0, 1].flatMap((bundle) => [
    tilePath(directory, 'entries', bundle),
    tilePath(directory, 0, bundle),
  ]);
  if (!attribute('+a', journalPath(directory))) {
    t.skip('SKIPPED: chattr +a is refused here; it takes root and ext4, xfs or btrfs');
    return;
  }
  for (const path of whole) assert.ok(attribute('+i', path));

  const second = await open();
  second.append(opens(TILE_WIDTH));
  await second.checkpoint();
  second.append(opens(10));
  await second.close();

  denied(() => truncateSync(journalPath(directory), 0));
  denied(() => writeFileSync(journalPath(directory), 'another history'));
  denied(() => unlinkSync(journalPath(directory)));
  for (const path of whole) {
    denied(() => appendFileSync(path, 'x'));
    denied(() => unlinkSync(path));
  }
  const verdict = await verifyLog(directory);
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.size, 3 * TILE_WIDTH + 10 + 2);
});

test('retention that meets an immutable bundle says so, loses nothing, and deletes it when it may', async (t) => {
  const folder = freshFolder(t);
  const directory = join(folder, 'log');
  const hostKey = openHostKey(join(folder, 'key'));
  const first = await openSeal({ directory, hostKey, hostId: 'h' });
  first.append(opens(4 * TILE_WIDTH));
  await first.close();
  const oldest = tilePath(directory, 'entries', 0);
  if (!attribute('+i', oldest)) {
    t.skip('SKIPPED: chattr +i is refused here; it takes root and ext4, xfs or btrfs');
    return;
  }
  const retention = { maxBytes: 100_000 };
  const seal = await openSeal({ directory, hostKey, hostId: 'h', retention, reserveBytes: 0 });
  seal.append(opens(1));
  await seal.checkpoint().catch(() => undefined);
  await seal.checkpoint().catch(() => undefined);
  assert.match(seal.trouble?.message ?? '', /EPERM.*entries/);
  seal.append(opens(5));

  assert.ok(attribute('-i', oldest));
  await seal.checkpoint();
  assert.equal(seal.trouble, undefined);
  await seal.close();
  assert.equal(readdirSync(join(directory, 'tile/entries')).includes('000'), false);
  const verdict = await verifyLog(directory);
  assert.deepEqual(verdict.problems, []);
  assert.ok(verdict.first > 0);
});
