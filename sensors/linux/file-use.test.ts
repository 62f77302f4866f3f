import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lostOf, needsSensor, ofKind, watch } from '../../test/programs/session.ts';

interface Used {
  readonly pid: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

test(
  'a process that uses 3,000 files has sums of each, with its path, exact to the byte',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const { truth, ofSession, sensor } = await watch<Used>(t, 'manyfiles', [folder, '3000'], {
      ringBytes: 16 << 20,
    });
    assert.equal(lostOf(sensor), 0n);
    const sums = new Map<string, { read: bigint; written: bigint }>();
    for (const { process, path, bytesRead, bytesWritten } of ofKind(ofSession, 'file.close')) {
      if (process.pid !== truth.pid || !path.toString().startsWith(folder)) continue;
      const sum = sums.get(path.toString()) ?? { read: 0n, written: 0n };
      sums.set(path.toString(), { read: sum.read + bytesRead, written: sum.written + bytesWritten });
    }
    assert.equal(sums.size, 3000);
    for (let i = 0; i < 3000; i++)
      assert.deepEqual(
        sums.get(`${folder}/f${i}`),
        { read: BigInt((i % 100) + 1), written: i % 10 === 0 ? 1n : 0n },
        `f${i}`,
      );
  },
);
