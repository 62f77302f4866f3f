/** What a receiver refuses, and what then happens to the record and to those around it. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
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
import type { Event } from '../event.ts';

const CARRIERS = [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
] as const;

for (const { carrier, protocol } of CARRIERS) {
  test(`${protocol}: a record that is refused alone is set aside and stated, and all others arrive in order`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    await received.tell('logs', 'poison evil');
    await filledLog(it, 600, (i) => (i === 333 ? '/tmp/evil' : `/tmp/${i}`));
    const told: Event[] = [];
    const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
    shipper.start();
    assert.ok((await delivered(shipper, received)).delivered);

    const poisoned = 334; // the record of the log's opening comes before
    assert.deepEqual(
      indices(received),
      upTo(601).filter((index) => index !== poisoned),
    );
    assert.equal(told.length, 1);
    const {
      'spoor.ship.record_uids': uids,
      'spoor.ship.message': message,
      ...rest
    } = told[0]?.attributes ?? {};
    assert.deepEqual(rest, {
      'spoor.ship.destination': received.url,
      'spoor.ship.cause': 'set_aside',
      'spoor.ship.missing': 1,
      'spoor.ship.first_index': poisoned,
      'spoor.ship.last_index': poisoned,
    });
    assert.equal(uids?.length, 1);
    assert.match(message ?? '', /a path holds evil$/);
    const seen = new Set(received.logs.map((log) => log.attributes['log.record.uid']));
    assert.equal(seen.has(uids?.[0] ?? ''), false, 'the uid told is that of the record that did not arrive');
    assert.equal(shipper.status().rejectedRecords, 1);
  });

  test(`${protocol}: a receiver that refuses every record loses none: nothing is set aside`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    await received.tell('logs', 'poison /tmp');
    await filledLog(it, 40);
    const told: Event[] = [];
    const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
    shipper.start();
    // The record of the opening has no path and arrives; behind it each is refused alone, eight of them and again.
    await received.until(() => received.requests.filter(({ records }) => records === 1).length >= 8);
    await received.tell('logs', 'ok');
    assert.ok((await delivered(shipper, received)).delivered);
    assert.deepEqual(new Set(indices(received)), new Set(upTo(41)));
    assert.deepEqual(told, []);
  });

  test(`${protocol}: a request of more records than the receiver takes is sent in halves`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    await received.tell('logs', 'limit 100');
    await filledLog(it, 600);
    const shipper = it.shipTo({ url: received.url, protocol });
    shipper.start();
    assert.ok((await delivered(shipper, received)).delivered);
    assert.deepEqual(indices(received), upTo(601));
    assert.equal(shipper.status().rejectedRecords, 0);
  });

  test(`${protocol}: partial success is stated once with count and the receiver's word, and nothing is sent again`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    await received.tell('logs', 'partial 3');
    await filledLog(it, 20);
    const told: Event[] = [];
    const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
    shipper.start();
    assert.ok((await delivered(shipper, received)).delivered);
    const rejected = 3 * received.requests.length;
    assert.equal(shipper.status().rejectedRecords, rejected);
    assert.equal(new Set(indices(received)).size, indices(received).length);
    assert.equal(told.length, 1, 'what follows within a minute is told together');
    assert.equal(told[0]?.name, 'ship.missing');
    assert.equal(told[0]?.attributes['spoor.ship.cause'], 'partial_success');
    assert.equal(told[0]?.attributes['spoor.ship.missing'], 3);
    assert.equal(told[0]?.attributes['spoor.ship.message'], 'told to reject these');
  });

  test(`${protocol}: a token that is refused holds the records back, and is told nowhere, though the receiver quotes it`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    const canary = 'canary-5f1c0a77e2';
    process.env.SHIP_TEST_TOKEN = canary;
    t.after(() => delete process.env.SHIP_TEST_TOKEN);
    await received.tell('logs', 'token right');
    await filledLog(it, 5);
    const told: Event[] = [];
    const headers = { authorization: { environment: 'SHIP_TEST_TOKEN', prefix: 'Bearer ' } };
    const shipper = it.shipTo({ url: received.url, protocol, headers }, (event) => told.push(event));
    shipper.start();
    await received.until(() => received.requests.length >= 2);
    assert.equal(shipper.status().next, 0);
    assert.match(shipper.status().trouble, /\[masked\] is not valid$/);
    const flushed = await shipper.flush(1);
    await shipper.stop();
    const kept = readdirSync(join(it.state, 'ship')).map((name) =>
      readFileSync(join(it.state, 'ship', name), 'utf8'),
    );
    assert.doesNotMatch(JSON.stringify([told, shipper.status(), flushed, kept]), new RegExp(canary));
  });
}

test('what was rejected and could not be stated is stated by the next run', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await received.tell('logs', 'partial 2');
  await filledLog(it, 20);
  const first = it.shipTo(received.url, () => assert.fail('the log was said to be closed'));
  await first.quiet();
  first.start();
  assert.ok((await delivered(first, received)).delivered);
  await first.stop();
  const rejected = first.status().rejectedRecords;
  assert.ok(rejected >= 2);

  const told: Event[] = [];
  const second = it.shipTo(received.url, (event) => told.push(event));
  second.start();
  await second.stop();
  assert.deepEqual(
    told.map(({ attributes }) => attributes['spoor.ship.missing']),
    [rejected],
  );
});

test('the event that states a rejection can be sealed, and reaches the receiver', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await received.tell('logs', 'once partial 1');
  const seal = await it.openLog();
  const shipper = it.shipTo(received.url, (event) => seal.append([event]));
  seal.onGrow((durable) => shipper.grown(durable));
  seal.append(events(10));
  shipper.start();
  await received.until(() => received.logs.some((log) => log.event_name === 'ship.missing'));
  await shipper.quiet();
  await seal.close();
});
