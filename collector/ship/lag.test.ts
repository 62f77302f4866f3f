import assert from 'node:assert/strict';
import test from 'node:test';
import { events, filledLog, PATIENCE_MS, receiverFor, shippedLog } from '../../test/receivers/shipped-log.ts';
import { countRecords, readRecords } from '../log/reader.ts';
import { deliveryStates } from './delivery-states.ts';

/** Bytes of the records from an index on, read one by one. */
async function bytesFrom(log: string, first: number): Promise<number> {
  let bytes = 0;
  for await (const records of readRecords(log, first, countRecords(log)))
    for (const { leaf } of records) bytes += leaf.length;
  return bytes;
}

test('the lag is the records, bytes and seconds that a receiver is behind, running or not', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 100);
  const shipper = it.shipTo(received.url);
  shipper.start();
  assert.ok((await shipper.flush(PATIENCE_MS)).delivered);
  assert.deepEqual(shipper.lag(), { records: 0, bytes: 0, seconds: 0 });

  await received.tell('logs', 'hang');
  const before = Date.now();
  const seal = await it.openLog(); // one record more, and the hundred before make it begin inside a bundle
  seal.onGrow((durable) => shipper.grown(durable));
  seal.append(events(900));
  await seal.close();
  await received.until(() => received.requests.length > 0);
  const lag = shipper.lag();
  const expected = await bytesFrom(it.log, 101);
  assert.equal(lag.records, 901);
  assert.equal(lag.bytes, expected);
  assert.ok(lag.seconds > 0 && lag.seconds <= (Date.now() - before + 1) / 1_000, `${lag.seconds} s`);

  await shipper.stop();
  const [state, ...others] = deliveryStates(it.log, `${it.state}/ship`);
  assert.deepEqual(others, []);
  assert.equal(state?.destination, received.url);
  assert.equal(state?.next, 101);
  assert.equal(state?.records, 901);
  assert.equal(state?.bytes, expected);
  assert.ok((state?.seconds ?? 0) >= lag.seconds, 'it waits longer and longer');
});

test('a state folder that nothing was shipped from has no destinations', async (t) => {
  const it = shippedLog(t);
  await filledLog(it, 1);
  assert.deepEqual(deliveryStates(it.log, `${it.state}/ship`), []);
});
