import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostOf, needsSensor, ofKind, watch } from '../../test/programs/session.ts';

interface Connects {
  readonly connects: readonly {
    readonly how: string;
    readonly transport: string;
    readonly type: string;
    readonly address: string;
    readonly port: number;
    readonly errno: number;
  }[];
}

test(
  'every attempt to connect is one network.connect with the outcome its socket had',
  needsSensor,
  async (t) => {
    const { truth, ofSession, rootPid, sensor } = await watch<Connects>(t, 'connects');
    const seen = ofKind(ofSession, 'network.connect');
    assert.deepEqual(
      seen.map(({ transport, type, peer, errno }) => ({ transport, type, ...peer, errno })),
      truth.connects.map(({ how: _, ...connect }) => connect),
    );
    assert.ok(seen.every(({ process }) => process.pid === rootPid));
    assert.equal(lostOf(sensor), 0n);
  },
);
