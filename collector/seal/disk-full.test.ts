import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { MIB, type SmallDisk, smallExt4, smallTmpfs, sparseExt4 } from '../../test/faults/small-disk.ts';
import type { Event, EventName } from '../event.ts';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf, type LogRecord } from '../log/record.ts';
import { newUid } from '../uid.ts';
import { verifyLog } from '../verify/verify.ts';
import { openHostKey } from './hostkey.ts';
import { openSeal, type Seal, type SealOptions } from './seal.ts';

const needsRoot = {
  skip: process.geteuid?.() === 0 ? false : 'mounting small file systems needs root',
  timeout: 60_000,
};

function onDisk<Disk extends SmallDisk>(t: TestContext, disk: Disk): Disk {
  t.after(() => disk.remove());
  return disk;
}

function openIn(state: string, options: Partial<SealOptions> = {}): Promise<Seal> {
  return openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
    reserveBytes: MIB,
    ...options,
  });
}

function event(name: EventName, attributes: Event['attributes']): Event {
  return {
    name,
    uid: newUid(1_700_000_000_000),
    timeNs: 1n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}

/** Ten acts of an agent: eight opens, a deletion, a program. */
function acts(session: string): Event[] {
  const attributes = { 'session.id': session, 'file.path': `/work/${'x'.repeat(200)}` };
  return [
    ...Array.from({ length: 8 }, () => event('file.open', attributes)),
    event('file.delete', attributes),
    event('process.exec', { 'session.id': session, 'process.pid': 42 }),
  ];
}

async function recordsOf(state: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const some of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    all.push(...some.map(({ leaf }) => decodeLeaf(leaf)));
  return all;
}

/** Recorded and stated as lost, by kind and session. */
async function accountOf(state: string): Promise<Map<string, { recorded: number; lost: number }>> {
  const account = new Map<string, { recorded: number; lost: number }>();
  const of = (key: string): { recorded: number; lost: number } => {
    const known = account.get(key) ?? { recorded: 0, lost: 0 };
    account.set(key, known);
    return known;
  };
  for (const { eventName, attributes } of await recordsOf(state)) {
    const session = String(attributes['session.id'] ?? '');
    if (eventName === 'sensor.gap')
      of(`${attributes['spoor.gap.event']} ${session}`).lost += Number(attributes['spoor.gap.count']);
    else of(`${eventName} ${session}`).recorded++;
  }
  return account;
}

/** Appends until the log sheds, then as much again; returns how many times ten acts. */
async function appendUntilShed(seal: Seal, session: string): Promise<number> {
  let tens = 0;
  for (let more = 0; more < 100; tens++) {
    seal.append(acts(session));
    if (tens % 50 === 0) await assert.rejects(seal.checkpoint());
    if (seal.shed > 0) more++;
  }
  return tens;
}

async function assertAccounted(state: string, session: string, tens: number): Promise<void> {
  const account = await accountOf(state);
  for (const [name, each] of [
    ['file.open', 8],
    ['file.delete', 1],
    ['process.exec', 1],
  ] as const) {
    const { recorded, lost } = account.get(`${name} ${session}`) ?? { recorded: 0, lost: 0 };
    assert.equal(recorded + lost, each * tens, `${name}: ${recorded} recorded, ${lost} stated as lost`);
  }
  assert.ok((account.get(`file.open ${session}`)?.lost ?? 0) > 0, 'opens go first');
  assert.equal(account.get(`process.exec ${session}`)?.lost, 0, 'programs go last');
}

test(
  'a disk that is full for a while loses opens before programs, and the log counts each of them',
  needsRoot,
  async (t) => {
    const disk = onDisk(t, smallTmpfs(8 * MIB));
    const seal = await openIn(disk.state);
    seal.append(acts('s1'));
    await seal.checkpoint();
    disk.fill();

    const tens = await appendUntilShed(seal, 's2');
    assert.equal((seal.trouble as NodeJS.ErrnoException | undefined)?.code, 'ENOSPC');
    assert.ok(seal.backlogBytes < 1.2 * MIB, `${seal.backlogBytes} bytes wait in memory`);

    disk.free();
    const told = new Promise<readonly Event[]>((resolve) => seal.onGap(resolve));
    assert.ok((await told).length > 0, 'by itself, as soon as there is room');
    const closing = await seal.close();
    assert.equal(seal.trouble, undefined);

    await assertAccounted(disk.state, 's2', tens);
    const verdict = await verifyLog(join(disk.state, 'log'));
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.lost, BigInt(seal.shed));
    assert.equal(closing.lost, BigInt(seal.shed));
    assert.equal(verdict.interruptions, 0);
    const causes = (await recordsOf(disk.state))
      .filter(({ eventName }) => eventName === 'sensor.gap')
      .map(({ attributes }) => attributes['spoor.gap.cause']);
    assert.deepEqual([...new Set(causes)], ['disk_full']);
  },
);

test(
  'a log whose disk is still full at the end is closed in the reserve, with the gap stated',
  needsRoot,
  async (t) => {
    const disk = onDisk(t, smallTmpfs(8 * MIB));
    const seal = await openIn(disk.state);
    disk.fill();
    const tens = await appendUntilShed(seal, 's');
    await seal.close();
    await assertAccounted(disk.state, 's', tens);
    const verdict = await verifyLog(join(disk.state, 'log'));
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.closed, true);
    assert.equal(verdict.lost, BigInt(seal.shed));
  },
);

test(
  'on a full disk the oldest records go first that every destination has, and no others',
  needsRoot,
  async (t) => {
    const disk = onDisk(t, smallTmpfs(12 * MIB));
    const shipped = 256 * 20 + 77;
    const seal = await openIn(disk.state, { shipped: () => shipped });
    for (let i = 0; i < 100; i++) seal.append(Array.from({ length: 10 }, () => acts('s')).flat());
    await seal.checkpoint();
    disk.fill();
    const pruned = new Promise<void>((resolve) => {
      seal.onGrow(() => {
        if (seal.trouble === undefined && seal.durable > 10_001 + 2) resolve();
      });
    });
    seal.append(Array.from({ length: 100 }, () => acts('s')).flat());
    await pruned;
    await seal.close();
    assert.equal(seal.shed, 0, 'room was made in time');
    const prunings = (await recordsOf(disk.state)).filter(({ eventName }) => eventName === 'log.prune');
    assert.ok(prunings.length > 0);
    for (const { attributes } of prunings) {
      assert.equal(attributes['spoor.log.prune_reason'], 'disk_full');
      assert.equal(attributes['spoor.log.pruned_unshipped'], 0);
      assert.ok(Number(attributes['spoor.log.pruned_to']) <= shipped);
    }
    assert.deepEqual((await verifyLog(join(disk.state, 'log'))).problems, []);
  },
);

test('without a destination a full disk deletes nothing', needsRoot, async (t) => {
  const disk = onDisk(t, smallTmpfs(12 * MIB));
  const seal = await openIn(disk.state);
  for (let i = 0; i < 100; i++) seal.append(Array.from({ length: 10 }, () => acts('s')).flat());
  await seal.checkpoint();
  disk.fill();
  await appendUntilShed(seal, 's');
  disk.free();
  await seal.close();
  const verdict = await verifyLog(join(disk.state, 'log'));
  assert.equal(verdict.first, 0);
  assert.deepEqual(verdict.problems, []);
});

test(
  'a disk that turned read-only under the log, and was mounted again, gets everything that waited',
  needsRoot,
  async (t) => {
    const disk = onDisk(t, smallExt4(64 * MIB));
    const seal = await openIn(disk.state);
    seal.append(acts('s'));
    await seal.checkpoint();
    disk.abort();
    for (let i = 0; i < 300; i++) seal.append(acts('s'));
    await assert.rejects(seal.checkpoint(), /EROFS|EIO/);
    disk.remount();
    await seal.checkpoint();
    await seal.close();
    assert.equal(seal.shed, 0);
    const account = await accountOf(disk.state);
    assert.deepEqual(account.get('file.open s'), { recorded: 8 * 301, lost: 0 });
    const verdict = await verifyLog(join(disk.state, 'log'));
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.closed, true);
  },
);

test(
  'after an fdatasync that failed, everything since the last good one is written again',
  needsRoot,
  async (t) => {
    const host = onDisk(t, smallTmpfs(24 * MIB));
    const disk = onDisk(t, sparseExt4(host, 256 * MIB));
    const seal = await openIn(disk.state);
    seal.append(acts('s'));
    await seal.checkpoint();
    host.fill();
    const tens = 1_000;
    for (let i = 0; i < tens / 100; i++) seal.append(Array.from({ length: 100 }, () => acts('s')).flat());
    await assert.rejects(seal.checkpoint(), /EIO|ENOSPC/);
    host.free();
    await seal.checkpoint();
    await seal.close();
    assert.equal(seal.shed, 0);
    const account = await accountOf(disk.state);
    assert.deepEqual(account.get('file.open s'), { recorded: 8 * (tens + 1), lost: 0 });
    // From the image itself, not from pages in memory.
    disk.remount();
    const verdict = await verifyLog(join(disk.state, 'log'));
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.size, 10 * (tens + 1) + 1);
  },
);
