import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSensor, ofKind, SESSION, watch } from '../../test/programs/session.ts';

interface Repeated {
  readonly call: string;
  readonly count: number;
}

test(
  'at the end of a session its histogram counts each call of a process, its child and its thread',
  needsSensor,
  async (t) => {
    const { truth, events } = await watch<Repeated>(t, 'repeat', ['4321']);
    const histograms = ofKind(events, 'syscall.histogram').filter(({ session }) => session === SESSION);
    assert.equal(histograms.length, 1);
    const counts = new Map(histograms[0]?.counts.map(({ call, count }) => [call, count]));
    assert.equal(counts.get(truth.call), BigInt(truth.count));
  },
);
