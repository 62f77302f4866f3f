import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSensor, ofKind, watch } from '../../test/programs/session.ts';

interface Lived {
  readonly port: number;
  readonly atLeastNs: number;
  readonly atMostNs: number;
}

test(
  'the end of a flow tells how long it lived, from its first act to its close by the clock of its process',
  needsSensor,
  async (t) => {
    const { truth, ofSession } = await watch<readonly Lived[]>(t, 'durations');
    assert.equal(truth.length, 2);
    for (const { port, atLeastNs, atMostNs } of truth) {
      const ends = ofKind(ofSession, 'network.close').filter(({ peer }) => peer.port === port);
      assert.equal(ends.length, 1);
      const durationNs = Number(ends[0]?.durationNs);
      assert.ok(
        durationNs >= atLeastNs && durationNs <= atMostNs,
        `${durationNs} of ${atLeastNs} to ${atMostNs}`,
      );
    }
  },
);
