import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lostOf, needsSensor, ofKind, watch } from '../../test/programs/session.ts';

interface Opens {
  readonly opens: readonly {
    readonly how: string;
    readonly path: string;
    readonly access: string;
    readonly errno: number;
    readonly device?: string;
    readonly inode?: number;
  }[];
}

/** What is known of a refused open: where the sensor is asked at the file itself, that file; else only its name. */
function knownOfRefused({ path, errno }: Opens['opens'][number], tier: string) {
  if (tier !== 'lsm' || errno !== constants.errno.EACCES) return { basis: 'claimed' };
  const { dev, ino } = statSync(path);
  return { basis: 'resolved', device: `${(dev >> 8) & 0xfff}:${dev & 0xff}`, inode: ino };
}

test(
  'every way to open a file is one file.open with the path the host sees, its identity and its outcome',
  needsSensor,
  async (t) => {
    const { truth, ofSession, sensor } = await watch<Opens>(t, 'opens', [emptyFolder(t)]);
    const seen = ofKind(ofSession, 'file.open').map((open) => ({
      path: open.path.toString('latin1'),
      access: open.access as string,
      errno: open.errno,
      ...(open.file && { device: open.file.device, inode: Number(open.file.inode) }),
      basis: open.pathBasis,
      cut: open.cut,
    }));
    for (const opened of truth.opens) {
      const { how, ...open } = opened;
      const known = open.errno ? knownOfRefused(opened, sensor.facts.tier) : { basis: 'resolved' };
      assert.deepEqual(
        seen.filter(({ path, access }) => path === open.path && access === open.access),
        [{ ...open, ...known, cut: [] }],
        how,
      );
    }
    assert.equal(lostOf(sensor), 0n);
  },
);

test('hostile names, 300 folders and 3,000 bytes arrive byte by byte', needsSensor, async (t) => {
  const { truth, ofSession, sensor } = await watch<Opens>(t, 'names', [emptyFolder(t)]);
  const seen = new Set(
    ofKind(ofSession, 'file.open')
      .filter(({ created }) => created)
      .map(({ path }) => path.toString('latin1')),
  );
  for (const { how, path } of truth.opens) assert.ok(seen.has(path), `${how}: ${path}`);
  assert.equal(lostOf(sensor), 0n);
});

test('opening one file again in the same mode says nothing new', needsSensor, async (t) => {
  const { truth, ofSession } = await watch<Opens>(t, 'opens', [emptyFolder(t)]);
  const target = truth.opens.find(({ how }) => how === 'absolute')?.path;
  const modes = ofKind(ofSession, 'file.open')
    .filter(({ path }) => path.toString() === target)
    .map(({ access, created }) => [access, created]);
  assert.deepEqual(modes, [
    ['write', true],
    ['read', false],
  ]);
});

interface Failures {
  readonly missing: string;
  readonly neighbour: string;
  readonly elsewhere: string;
  readonly refused: string;
  readonly pids: readonly number[];
}

test(
  'a missing name is told once a session and mode, a refusal once for each process',
  needsSensor,
  async (t) => {
    const { truth, ofSession, sensor } = await watch<Failures>(t, 'failures', [emptyFolder(t)]);
    const failed = ofKind(ofSession, 'file.open').filter(({ errno }) => errno !== 0);
    const told = (path: string) =>
      failed
        .filter((open) => open.path.toString() === path)
        .map(({ process, access }) => [process.pid, access]);
    const [first] = truth.pids;
    assert.deepEqual(told(truth.missing), [
      [first, 'read'],
      [first, 'write'],
    ]);
    assert.deepEqual(told(truth.neighbour), [[first, 'read']]);
    // The same file by two names, from two folders: what was asked is not the same.
    assert.deepEqual(told(truth.elsewhere), [
      [first, 'read'],
      [first, 'read'],
    ]);
    assert.deepEqual(
      told(truth.refused),
      truth.pids.map((pid) => [pid, 'read']),
    );
    assert.equal(lostOf(sensor), 0n);
  },
);
