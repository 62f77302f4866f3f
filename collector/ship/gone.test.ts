/** Records that are not where they were: pruned, removed, or of a history that the log has no more. */

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  delivered,
  events,
  filledLog,
  indices,
  receiverFor,
  shippedLog,
  upTo,
} from '../../test/receivers/shipped-log.ts';
import { firstRecord } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { tilePath } from '../log/tiles.ts';
import { LogSource } from './source.ts';

test('what is pruned while it is read is told as pruned, from the first record to the last', async (t) => {
  const it = shippedLog(t);
  await filledLog(it, 3_000);
  const before = join(it.state, 'before');
  cpSync(it.log, before, { recursive: true });
  const seal = await it.openLog({ retention: { maxBytes: 400_000 } });
  await seal.checkpoint();
  await seal.close();
  const first = firstRecord(it.log);
  assert.ok(first > 512 && first < 3_000, 'some of what one checkpoint covers was pruned, and some was not');

  const told: (readonly [number, number])[] = [];
  const source = new LogSource(before, { origin: '', next: 0, checkpoint: 0 }, (from, to) => {
    told.push([from, to]);
  });
  const size = seal.size;
  const reading = source.next(size);
  // The journal was read; of the bundles none is open yet.
  rmSync(before, { recursive: true });
  cpSync(it.log, before, { recursive: true });
  const given: number[] = [];
  for (let items = await reading; items.length > 0; items = await source.next(size))
    for (const { leaf } of items) {
      const { index } = decodeLeaf(leaf);
      if (index !== undefined) given.push(index); // a record, and no checkpoint
    }
  assert.deepEqual(given.slice(-size + first), upTo(size).slice(first));
  const pruned = told.reduce((sum, [from, to]) => sum + to - from, 0);
  assert.ok(pruned > first - 512, 'nearly all that was pruned was not read yet');
  assert.equal(given.length + pruned, size, 'each record was given, or told as pruned');
});

test('a bundle that somebody took away is told as trouble, and what comes after it waits', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 1_000);
  rmSync(tilePath(it.log, 'entries', 1));
  const shipper = it.shipTo(received.url);
  shipper.start();
  await received.until(() => indices(received).includes(255));
  while (shipper.status().trouble === '') await new Promise((resolve) => setImmediate(resolve));
  assert.equal(
    shipper.status().trouble,
    `the log cannot be read: ${it.log}: record 256 is missing; see: spoor verify`,
  );
  assert.equal(shipper.status().state, 'waiting');
});

test('a log that was restored from an older copy is shipped again, and does not wait to grow to where the receiver was', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 100);
  const copy = join(it.state, 'copy');
  cpSync(it.log, copy, { recursive: true });
  await filledLog(it, 300);
  const before = it.shipTo(received.url);
  before.start();
  assert.ok((await delivered(before, received)).delivered);
  await before.stop();
  const had = received.logs.length;

  rmSync(it.log, { recursive: true });
  cpSync(copy, it.log, { recursive: true });
  const seal = await it.openLog();
  const shipper = it.shipTo(received.url);
  seal.onGrow((durable) => shipper.grown(durable));
  shipper.start();
  seal.append(events(20));
  await seal.close();
  assert.ok((await delivered(shipper, received)).delivered);
  assert.deepEqual(
    received.logs.slice(had).flatMap(({ attributes }) => attributes['spoor.log.index'] ?? []),
    upTo(122),
  );
});
