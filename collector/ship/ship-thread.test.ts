import assert from 'node:assert/strict';
import test from 'node:test';
import {
  delivered,
  events,
  indices,
  receiverFor,
  shippedLog,
  upTo,
} from '../../test/receivers/shipped-log.ts';
import type { Event } from '../event.ts';
import { describeResource } from './resource.ts';
import { createShipThread } from './ship-thread.ts';

test('a receiver that is served by a thread gets everything, and what it rejects can be sealed before the log closes', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t, { carrier: 'http' })];
  await received.tell('logs', 'once partial 1');
  const seal = await it.openLog();
  const told: Event[] = [];
  const shipper = createShipThread({
    logDirectory: it.log,
    positionsDirectory: `${it.state}/ship`,
    destination: { url: received.url, protocol: 'http/protobuf' },
    resource: describeResource({ version: '1.2.3', keyId: 'cafe0123' }),
    tell: (event) => {
      told.push(event);
      seal.append([event]);
    },
  });
  seal.onGrow((durable) => shipper.grown(durable));
  shipper.start();
  seal.append(events(500));
  await received.until(() => received.logs.some(({ event_name }) => event_name === 'ship.missing'));
  await shipper.quiet();
  await seal.close();
  assert.deepEqual(await delivered(shipper, received), { delivered: true, remaining: 0, cause: '' });
  const { next, lagRecords, rejectedRecords, trouble } = shipper.status();
  assert.deepEqual({ next, lagRecords, trouble }, { next: seal.size, lagRecords: 0, trouble: '' });
  assert.equal(told.length, 1);
  assert.equal(rejectedRecords, 1);
  await shipper.stop();
  assert.equal(shipper.status().state, 'stopped');
  const seen = new Set(indices(received));
  const missing = upTo(seal.size).filter((index) => !seen.has(index));
  assert.ok(missing.length <= rejectedRecords);
});

test('settings that nobody can send by are refused before a thread begins', (t) => {
  const it = shippedLog(t);
  assert.throws(
    () =>
      createShipThread({
        logDirectory: it.log,
        positionsDirectory: `${it.state}/ship`,
        destination: { url: 'http://siem.example', headers: { authorization: { file: '/etc/token' } } },
        resource: describeResource({ version: '1.2.3', keyId: 'cafe0123' }),
      }),
    { name: 'SettingError' },
  );
});
