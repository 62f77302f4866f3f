import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { cgroupRoot } from '../../test/programs/cgroup.ts';
import { needsSensor, ofKind, watch } from '../../test/programs/session.ts';

interface Placed {
  readonly pid: number;
  readonly cgroup: string;
  readonly mount: number;
  readonly pid_namespace: number;
  readonly net: number;
  readonly user: number;
}

test('an exec says its control group and its namespaces as /proc shows them', needsSensor, async (t) => {
  const group = join(cgroupRoot(), `spoor-test-${process.pid}`);
  const { truth, ofSession } = await watch<Placed>(t, 'placed', [group]);
  const exec = ofKind(ofSession, 'process.exec').findLast(({ process }) => process.pid === truth.pid);
  assert.ok(truth.cgroup.endsWith(`/spoor-test-${process.pid}`));
  assert.equal(exec?.cgroup.toString(), truth.cgroup);
  const { mount, pid_namespace: pid, net, user } = truth;
  assert.deepEqual(exec?.namespaces, { mount, pid, net, user });
});

interface Layered {
  readonly pid: number;
  readonly path: string;
  readonly upper: boolean;
}

test(
  'a program of an overlay is marked where it was changed or made since the image, and only there',
  needsSensor,
  async (t) => {
    const { truth, ofSession } = await watch<readonly Layered[]>(t, 'layers', [emptyFolder(t)]);
    assert.deepEqual(
      truth.map(({ upper }) => upper),
      [false, true, true],
    );
    const told = truth.map(({ pid }) => {
      const exec = ofKind(ofSession, 'process.exec').find(({ process }) => process.pid === pid);
      return { pid, path: exec?.executable.toString(), upper: exec?.executableUpperLayer };
    });
    assert.deepEqual(told, truth);
  },
);
