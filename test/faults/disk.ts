/** Disks that are full, read-only or broken while the log is written. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Event } from '../../collector/event.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal, type Seal } from '../../collector/seal/seal.ts';
import { verifyLog } from '../../collector/verify/verify.ts';
import type { Fault, FaultOutcome } from './fault.ts';
import { openEvent } from './sealed-log.ts';
import { MIB, type SmallDisk, smallExt4, smallTmpfs, sparseExt4 } from './small-disk.ts';

/** Kept short, so that a small disk is enough. */
const RESERVE_BYTES = MIB;

function openIn(disk: SmallDisk): Promise<Seal> {
  return openSeal({
    directory: join(disk.state, 'log'),
    hostKey: openHostKey(join(disk.state, 'key')),
    hostId: 'faults',
    reserveBytes: RESERVE_BYTES,
  });
}

/** Nine opens and one program. */
function acts(): Event[] {
  const opens = Array.from({ length: 9 }, (_, i) => openEvent(`/work/${'x'.repeat(200)}/${i}`));
  return [...opens, { ...openEvent(''), name: 'process.exec', attributes: { 'process.pid': 42 } }];
}

/** Appends `tens` of acts, letting the disk have its turn; checkpoints fail meanwhile. */
async function append(seal: Seal, tens: number): Promise<void> {
  for (let ten = 0; ten < tens; ten++) {
    seal.append(acts());
    if (ten % 50 === 0) await seal.checkpoint().catch(() => undefined);
  }
}

async function outcome(seal: Seal, disk: SmallDisk, appended: number, how: string): Promise<FaultOutcome> {
  const verdict = await verifyLog(join(disk.state, 'log'));
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.closed, true);
  assert.equal(Number(verdict.lost), seal.shed, 'every event that is gone is stated');
  const gaps = verdict.size - 1 - (appended - seal.shed);
  assert.ok(gaps >= 0 && gaps <= 4, `${verdict.size} records of ${appended} events, ${seal.shed} shed`);
  const shed = seal.shed === 0 ? 'nothing shed' : `${seal.shed} events shed, opens first, all stated by kind`;
  return { happened: `${how}; ${shed}`, lost: seal.shed };
}

async function on<Disk extends SmallDisk>(
  disk: Disk,
  run: (disk: Disk) => Promise<FaultOutcome>,
): Promise<FaultOutcome> {
  try {
    return await run(disk);
  } finally {
    disk.remove();
  }
}

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk full for a while (tmpfs)',
    run: () =>
      on(smallTmpfs(8 * MIB), async (disk) => {
        const seal = await openIn(disk);
        disk.fill();
        await append(seal, 1_000);
        const waiting = seal.backlogBytes;
        const gap = new Promise((resolve) => seal.onGap(resolve));
        disk.free();
        await gap;
        await seal.close();
        return outcome(
          seal,
          disk,
          10_000,
          `recovered by itself, at most ${(waiting / MIB).toFixed(1)} MiB in memory`,
        );
      }),
  },
  {
    name: 'disk full to the end (tmpfs)',
    run: () =>
      on(smallTmpfs(8 * MIB), async (disk) => {
        const seal = await openIn(disk);
        disk.fill();
        await append(seal, 1_000);
        await seal.close();
        return outcome(seal, disk, 10_000, 'closed in the reserve');
      }),
  },
  {
    name: 'disk turns read-only, then is mounted again (ext4, journal aborted)',
    run: () =>
      on(smallExt4(64 * MIB), async (disk) => {
        const seal = await openIn(disk);
        await append(seal, 10);
        disk.abort();
        await append(seal, 500);
        disk.remount();
        await seal.close();
        return outcome(seal, disk, 5_100, 'what waited was written');
      }),
  },
  {
    name: 'I/O errors at fdatasync (ext4 on a device that takes no more)',
    run: () =>
      on(smallTmpfs(24 * MIB), (host) =>
        on(sparseExt4(host, 256 * MIB), async (disk) => {
          const seal = await openIn(disk);
          await append(seal, 10);
          host.fill();
          await append(seal, 500);
          assert.ok(seal.trouble, 'fdatasync is meant to fail');
          host.free();
          await seal.close();
          disk.remount();
          return outcome(seal, disk, 5_100, 'written again into new files, read back from the device');
        }),
      ),
  },
];
