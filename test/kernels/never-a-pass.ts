// Part of make test-kernels, run outside the guests: it boots them. About 10 s a boot.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../at-end.ts';

const RUN = join(import.meta.dirname, 'run.js');

function runInside(...command: string[]): { code: number | null; said: string; printed: string } {
  const { status, stdout, stderr } = spawnSync('node', [RUN, '--kernel', '6.1', '--', ...command], {
    encoding: 'utf8',
  });
  return { code: status, said: stderr, printed: stdout };
}

test('a command that fails inside fails outside, and what it left comes back', (t) => {
  const out = mkdtempSync(join(tmpdir(), 'spoor-kernels-'));
  atEnd(t, () => rmSync(out, { recursive: true }));
  const job = 'uname -r | tee "$SPOOR_OUT/release"; exit 7';
  const { status, stderr } = spawnSync(
    'node',
    [RUN, '--kernel', '6.1', '--out', out, '--', 'bash', '-c', job],
    { encoding: 'utf8' },
  );
  assert.match(stderr, /failed \(exit code 7\)/);
  assert.equal(status, 1);
  assert.match(readFileSync(join(out, '6.1/release'), 'utf8'), /^6\.1\./);
});

test('a guest that panics is tried three times and is not a pass, though the command had said ok', () => {
  const { code, said, printed } = runInside('bash', '-c', 'echo ok; echo c >/proc/sysrq-trigger; sleep 60');
  // A panic may keep back what the guest had not sent yet, so not each of the three need have been heard.
  assert.match(printed, /^ok\r?$/m);
  assert.match(said, /crash 1 of at most 3: .*Kernel panic/);
  assert.match(said, /crash 3 of at most 3: .*Kernel panic/);
  assert.match(said, /not passed/);
  assert.equal(code, 1);
});

test('a kernel line that Debian does not offer is one clear line and exit code 2', () => {
  const { status, stderr } = spawnSync('node', [RUN, '--kernel', '5.99', '--', 'true'], { encoding: 'utf8' });
  assert.equal(stderr, 'test-kernels: no such kernel among "5.99"; there are 6.1 and 6.12\n');
  assert.equal(status, 2);
});
