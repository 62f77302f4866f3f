import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogRecord } from '../log/record.ts';
import { inOrderOfTime } from './time-order.ts';

function record(index: number, timeNs: bigint): LogRecord {
  return {
    index,
    uid: '',
    timeNs,
    observedNs: timeNs,
    eventName: 'file.open',
    severity: 9,
    severityText: 'INFO',
    traceId: '',
    spanId: '',
    attributes: {},
  };
}

async function ordered(records: readonly LogRecord[]): Promise<LogRecord[]> {
  async function* read(from: number, to: number): AsyncGenerator<LogRecord> {
    yield* records.slice(from, to);
  }
  const out: LogRecord[] = [];
  for await (const one of inOrderOfTime(read(0, records.length), read)) out.push(one);
  return out;
}

test('records that stand up to 8 s late come in order of time, those of one time in order of the log, all of them', async () => {
  // A millisecond apart; every seventh stands 5 s late, as one that waited for a hash.
  const records = Array.from({ length: 30_000 }, (_, index) =>
    record(index, BigInt(Math.floor(index / 3) - (index % 7 === 0 ? 5_000 : 0)) * 1_000_000n),
  );
  const out = await ordered(records);
  assert.equal(out.length, records.length);
  assert.equal(new Set(out).size, records.length);
  out.forEach((one, i) => {
    const before = out[i - 1];
    if (!before) return;
    assert.ok(before.timeNs <= one.timeNs, `record ${one.index} comes after ${before.index}`);
    if (before.timeNs === one.timeNs) assert.ok((before.index ?? 0) < (one.index ?? 0));
  });
});
