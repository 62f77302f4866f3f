/** A SIEM that is away while a host goes on acting, and a disk that is too small for it. */

import assert from 'node:assert/strict';
import { countRecords, readRecords } from '../../collector/log/reader.ts';
import { decodeLeaf } from '../../collector/log/record.ts';
import type { Seal } from '../../collector/seal/seal.ts';
import type { LogShipper } from '../../collector/ship/shipper.ts';
import { delivered, events, receiverFor, shippedLog } from '../receivers/shipped-log.ts';
import type { Fault, FaultSize } from './fault.ts';
import { inScope } from './scope.ts';

const EVENTS_A_SECOND = 2_000;
const OUTAGE_S: Readonly<Record<FaultSize, number>> = { ci: 5, full: 600 };
/** Once the receiver is back; ten minutes of events are 1.2 million records, which Python decodes in its own time. */
const PATIENCE_MS = 900_000;
const TICK_MS = 50;

const CARRIERS = [
  { carrier: 'grpc', protocol: 'grpc', refusal: 'refuse UNAVAILABLE 1000', answer: 'UNAVAILABLE' },
  { carrier: 'http', protocol: 'http/protobuf', refusal: 'refuse 429 1', answer: '429' },
] as const;

/** Seals events at a rate until told to stop; gives how many. */
function load(seal: Seal): { stop(): number } {
  const startMs = performance.now();
  let sealed = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1_000) * EVENTS_A_SECOND) - sealed;
    seal.append(events(due));
    sealed += due;
  }, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      return sealed;
    },
  };
}

async function seconds(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, count * 1_000));
}

function follow(seal: Seal, shipper: LogShipper): void {
  seal.onGrow((durable) => shipper.grown(durable));
  shipper.start();
}

async function uidsIn(log: string): Promise<Map<number, string>> {
  const uids = new Map<number, string>();
  for await (const records of readRecords(log, 0, countRecords(log)))
    for (const { index, leaf } of records) uids.set(index, decodeLeaf(leaf).uid);
  return uids;
}

function outage({ carrier, protocol, refusal, answer }: (typeof CARRIERS)[number]): Fault {
  return {
    name: `SIEM (${protocol}) is stopped at ${EVENTS_A_SECOND} events a second, then answers ${answer}`,
    run: (size) =>
      inScope(async (t) => {
        const it = shippedLog(t);
        const first = await receiverFor(t, { carrier, detail: 'brief' });
        const seal = await it.openLog();
        const shipper = it.shipTo({ url: first.url, protocol });
        follow(seal, shipper);
        const running = load(seal);
        await first.until(() => first.taken.length > 1_000);
        await first.stop();
        await seconds(OUTAGE_S[size]);
        const lag = shipper.lag();
        const second = await receiverFor(t, { carrier, port: first.port, detail: 'brief' });
        await second.tell('logs', refusal);
        await second.until(() => second.requests.filter((request) => request.answer === answer).length >= 3);
        await second.tell('logs', 'ok');
        const sealed = running.stop();
        await seal.close();
        const flushed = await delivered(shipper, second, PATIENCE_MS);
        assert.ok(flushed.delivered, flushed.cause);

        const expected = await uidsIn(it.log);
        assert.equal(expected.size, sealed + 1); // and the record of the opening
        const taken = [...first.taken, ...second.taken].filter(({ index }) => index !== null);
        for (const { uid, index } of taken) assert.equal(expected.get(index as number), uid);
        const arrived = new Set(taken.map(({ uid }) => uid));
        assert.equal(arrived.size, expected.size, 'every record arrived');
        return {
          happened: `${lag.records} records (${Math.round(lag.bytes / 1e6)} MB, ${Math.round(lag.seconds)} s) behind after ${OUTAGE_S[size]} s; all ${sealed} arrived, ${taken.length - arrived.size} of them twice with the same uid`,
          lost: expected.size - arrived.size,
        };
      }),
  };
}

/** Three bundles of the events above; the log of the outage grows past it several times. */
const SMALL_DISK_BYTES = 256 * 1024;
const RECORDS_PAST_IT = 20_000;

const overTheCap: Fault = {
  name: 'SIEM is stopped until the log is over its disk budget',
  run: () =>
    inScope(async (t) => {
      const it = shippedLog(t);
      const first = await receiverFor(t, { detail: 'brief' });
      let shipper: LogShipper | undefined;
      const seal = await it.openLog({
        retention: { maxBytes: SMALL_DISK_BYTES },
        shipped: () => shipper?.status().next ?? 0,
      });
      shipper = it.shipTo(first.url, (event) => seal.append([event]));
      follow(seal, shipper);
      seal.append(events(500));
      await seal.checkpoint();
      assert.ok((await delivered(shipper, first, PATIENCE_MS)).delivered);
      await first.stop();
      for (let sealed = 0; sealed < RECORDS_PAST_IT; sealed += 1_000) {
        seal.append(events(1_000));
        await seal.checkpoint();
      }
      const second = await receiverFor(t, { port: first.port });
      assert.ok((await delivered(shipper, second, PATIENCE_MS)).delivered, shipper.status().trouble);
      await shipper.quiet();
      await seal.close();
      assert.ok((await delivered(shipper, second, PATIENCE_MS)).delivered, shipper.status().trouble);

      const size = countRecords(it.log);
      const arrived = new Set<unknown>(
        [
          ...first.taken.map(({ index }) => index),
          ...second.logs.map(({ attributes }) => attributes['spoor.log.index'] ?? null),
        ].filter((index) => index !== null),
      );
      const missing = size - arrived.size;
      const statements = second.logs.filter(({ event_name }) => event_name === 'ship.missing');
      const stated = statements.reduce(
        (sum, { attributes }) => sum + Number(attributes['spoor.ship.missing']),
        0,
      );
      assert.ok(missing > 0, 'the budget is smaller than the outage');
      assert.equal(stated, missing, 'as many as never arrived are stated as missing');
      return {
        happened: `${missing} of ${size} records deleted before the SIEM had them, stated as so many in ${statements.length} signed ship.missing record that it did get`,
        lost: missing,
      };
    }),
};

export const outages: readonly Fault[] = [...CARRIERS.map(outage), overTheCap];
