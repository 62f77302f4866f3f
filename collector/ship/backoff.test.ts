import assert from 'node:assert/strict';
import test from 'node:test';
import { Backoff } from './backoff.ts';

test('waits double from 0.25 s to 30 s, drawn from the upper half of each step, and begin anew after a success', () => {
  for (const [draw, share] of [
    [0, 0.5],
    [1, 1],
  ] as const) {
    const backoff = new Backoff(() => draw);
    const steps = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const step of steps) assert.equal(backoff.nextWaitMs(), step * share);
    backoff.succeeded();
    assert.equal(backoff.nextWaitMs(), 250 * share);
  }
});

test('what the receiver asks for is waited for, and at most a tenth more', () => {
  assert.equal(new Backoff(() => 0).nextWaitMs(7_000), 7_000);
  assert.equal(Math.round(new Backoff(() => 1).nextWaitMs(7_000)), 7_700);
});

test('a receiver that asks for a year, or for no number, does not silence the host or make it knock without rest', () => {
  const backoff = new Backoff(() => 0);
  assert.equal(backoff.nextWaitMs(365 * 86_400_000), 3_600_000);
  assert.equal(backoff.nextWaitMs(Number.POSITIVE_INFINITY), 3_600_000);
  assert.equal(backoff.nextWaitMs(1), 250);
  assert.ok(backoff.nextWaitMs(Number.NaN) >= 125);
  assert.ok(backoff.nextWaitMs(-5) >= 125);
});
