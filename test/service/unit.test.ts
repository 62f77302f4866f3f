/** The systemd unit: the service works with the capabilities it grants, and what systemd says of the rest. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { needsRoot } from '../system/spoor.ts';
import { keepIn } from './kept.ts';
import { startService } from './running.ts';

const UNIT = join(CHECKOUT, 'collector/service/spoor.service');
/** systemd calls up to 4.9 "OK"; a unit without any hardening has 9.6. */
const MOST_EXPOSED = 4.5;

function setting(name: string): string[] {
  return readFileSync(UNIT, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

test('the service begins, keeps its watch and reads it on with no more capabilities than the unit grants', {
  skip: needsRoot.skip,
}, async (t) => {
  const folder = emptyFolder(t);
  const granted = setting('CapabilityBoundingSet').join(' ').split(/\s+/);
  assert.ok(granted.length > 0);
  const capabilities = `-all,${granted.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join(',')}`;
  const under = ['setpriv', '--bounding-set', capabilities, '--inh-caps', capabilities, '--no-new-privs'];
  const configuration = `sensor:\n  keep: ${keepIn(t)}\n`;
  const first = await startService(t, { folder, configuration, under });
  await first.stop();
  const second = await startService(t, { folder, configuration, under });
  assert.equal((await second.says('watching')).watch_before, 'same');
  assert.equal(await second.stop(), 0);
});

test('systemd calls the unit well hardened, and reads every line of it', (t) => {
  const shown = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_COLORS: '0' },
  });
  if (shown.error) {
    t.skip('systemd-analyze is not installed: apt-get install systemd');
    return;
  }
  console.log(shown.stdout);
  const exposure = Number(/Overall exposure level for spoor\.service: ([\d.]+)/.exec(shown.stdout)?.[1]);
  assert.ok(exposure <= MOST_EXPOSED, `exposure ${exposure}`);
  // "Unknown key name", "Failed to parse": systemd passes such lines over, and nothing is hardened by them.
  assert.equal(shown.stderr, '');
});

test('the unit is told when the service is ready, and ends one that hangs', () => {
  assert.deepEqual(setting('Type'), ['notify']);
  assert.equal(setting('WatchdogSec').length, 1);
});

test('the unit is started again however often it has failed', () => {
  assert.deepEqual(setting('Restart'), ['always']);
  assert.deepEqual(setting('StartLimitIntervalSec'), ['0']);
});
