import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
import { readJournal } from '../log/journal.ts';
import { readRecords } from '../log/reader.ts';

test('a foreign gRPC stack reads each record as it was sealed, then the checkpoint over it', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  const seal = await it.openLog();
  const shipper = it.shipTo(received.url);
  seal.onGrow((durable) => shipper.grown(durable));
  shipper.start();
  seal.append(events(700));
  const closing = await seal.close();
  assert.deepEqual(await delivered(shipper, received), { delivered: true, remaining: 0, cause: '' });
  await shipper.stop();

  assert.deepEqual(indices(received), upTo(701));
  const one = received.logs.find((log) => log.attributes['spoor.log.index'] === 43);
  assert.equal(one?.event_name, 'file.open');
  assert.equal(one?.time_unix_nano, '1700000000123456789');
  assert.equal(one?.severity_text, 'INFO');
  assert.equal(one?.trace_id, '0af7651916cd43dd8448eb211c80319c');
  assert.equal(one?.attributes['file.path'], '/tmp/42');
  assert.equal(one?.attributes['process.pid'], 42);
  assert.equal(one?.resource['service.name'], 'spoor');
  assert.equal(one?.resource['spoor.key.id'], 'cafe0123');
  assert.equal(one?.scope.schema_url, 'https://opentelemetry.io/schemas/1.44.0');

  const checkpoints = received.logs.filter((log) => log.event_name === 'log.checkpoint');
  assert.deepEqual(
    checkpoints.map((log) => log.attributes['spoor.checkpoint.note']),
    readJournal(it.log).checkpoints.map((stored) => stored.text),
  );
  assert.equal(checkpoints.at(-1)?.attributes['spoor.checkpoint.size'], closing.size);
  assert.equal(received.logs.at(-1)?.event_name, 'log.checkpoint');
});

test('the bytes on the wire hold every leaf unchanged', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 300);
  const shipper = it.shipTo(received.url);
  shipper.start();
  assert.ok((await delivered(shipper, received)).delivered);
  await shipper.stop();
  const raw = readFileSync(received.rawFile);
  for await (const records of readRecords(it.log, 0, 301))
    for (const { index, leaf } of records) assert.ok(raw.includes(leaf), `record ${index}`);
});

test('what a receiver that was down did not get, it gets after it came back, each record once', async (t) => {
  const it = shippedLog(t);
  const probe = await receiverFor(t);
  await probe.stop();
  await filledLog(it, 2_500);
  const shipper = it.shipTo(probe.url);
  shipper.start();
  let early = await shipper.flush(300);
  // Until a first call has failed, which on a busy machine takes its time, it is only known to be slow.
  while (early.cause === 'the receiver is slow') early = await shipper.flush(300);
  assert.equal(early.delivered, false);
  assert.equal(early.remaining, 2_501);
  assert.match(early.cause, /^UNAVAILABLE: /);

  const received = await receiverFor(t, { port: probe.port });
  assert.ok((await delivered(shipper, received)).delivered);
  await shipper.stop();
  assert.deepEqual(indices(received), upTo(2_501));
});

test('a next run goes on where the stored position is, and sends nothing twice', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  for (const run of [1, 2, 3]) {
    const seal = await it.openLog();
    const shipper = it.shipTo(received.url);
    seal.onGrow((durable) => shipper.grown(durable));
    shipper.start();
    seal.append(events(10 * run));
    await seal.close();
    assert.ok((await delivered(shipper, received)).delivered);
    await shipper.stop();
  }
  assert.deepEqual(indices(received), upTo(63));
  const notes = received.logs.flatMap((log) => log.attributes['spoor.checkpoint.note'] ?? []);
  assert.equal(notes.length, readJournal(it.log).checkpoints.length);
  assert.equal(new Set(notes).size, notes.length);
});

for (const answer of [
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'DATA_LOSS',
  'CANCELLED',
])
  test(`a receiver that answers ${answer} gets the same records again until it takes them`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t)];
    await received.tell('logs', `refuse ${answer}`);
    await filledLog(it, 5);
    const shipper = it.shipTo(received.url);
    shipper.start();
    await received.until(() => received.requests.length >= 2);
    assert.equal(shipper.status().next, 0, 'the position does not move before success');
    await received.tell('logs', 'ok');
    assert.ok((await delivered(shipper, received)).delivered);
    await shipper.stop();
    assert.deepEqual(indices(received), upTo(6));
  });

test('an answer that is no OTLP message is named, and the position does not move', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await received.tell('logs', 'nonsense');
  await filledLog(it, 0);
  const shipper = it.shipTo(received.url);
  shipper.start();
  await received.until(() => received.requests.length >= 2);
  assert.equal(shipper.status().trouble, 'the answer is no OTLP message');
  assert.equal(shipper.status().next, 0);
  await shipper.stop();
});

test('a receiver that never answers does not keep stop waiting', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await received.tell('logs', 'hang');
  await filledLog(it, 0);
  const shipper = it.shipTo(received.url);
  shipper.start();
  assert.equal((await shipper.flush(200)).delivered, false);
  await shipper.stop();
  assert.equal(shipper.status().state, 'stopped');
});

test('an endpoint without a scheme is refused with the mend', (t) => {
  assert.throws(() => shippedLog(t).shipTo('siem:4317'), {
    name: 'EndpointError',
    message:
      'receiver "siem:4317" has no scheme; write https://siem:4317 (or http://siem:4317 to send in clear)',
  });
});

test('a damaged position file is refused and named', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 0);
  const shipper = it.shipTo(received.url);
  shipper.start();
  assert.ok((await delivered(shipper, received)).delivered);
  await shipper.stop();
  const file = join(it.state, 'ship', readdirSync(join(it.state, 'ship'))[0] ?? '');
  writeFileSync(file, '{"next":');
  assert.throws(() => it.shipTo(received.url), {
    name: 'PositionError',
    message: new RegExp(`^${file} is not JSON`),
  });
});

test('after a crash before its position was stored, what comes again has the uids it had', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t)];
  await filledLog(it, 40);
  const before = it.shipTo(received.url);
  before.start();
  assert.ok((await delivered(before, received)).delivered);
  await before.stop();
  const folder = join(it.state, 'ship');
  const file = join(folder, readdirSync(folder)[0] ?? '');
  const early = readFileSync(file);
  const seal = await it.openLog();
  seal.append(events(30));
  await seal.close();
  const first = it.shipTo(received.url);
  first.start();
  assert.ok((await delivered(first, received)).delivered);
  await first.stop();
  // The answer to a request may overtake what the receiver prints of it; the closing checkpoint is the last of it.
  const endsWithCheckpoint = () => received.logs.at(-1)?.event_name === 'log.checkpoint';
  await received.until(() => indices(received).includes(71) && endsWithCheckpoint());
  const once = received.logs.length;

  writeFileSync(file, early); // as a power cut leaves it
  const second = it.shipTo(received.url);
  second.start();
  assert.ok((await delivered(second, received)).delivered);
  await received.until(
    () => indices(received).slice(-1)[0] === 71 && received.logs.length > once + 30 && endsWithCheckpoint(),
  );
  const uidOf = (log: (typeof received.logs)[number]) => log.attributes['log.record.uid'];
  const repeated = received.logs.slice(once).map(uidOf);
  assert.ok(repeated.length > 30);
  const known = new Set(received.logs.slice(0, once).map(uidOf));
  assert.deepEqual(
    repeated.filter((uid) => !known.has(uid)),
    [],
  );
  assert.deepEqual([...new Set(indices(received))], upTo(72));
});
