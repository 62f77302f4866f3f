/** The receiver does what receivers do. Every one is another stack's: gRPC's C core, or Python's HTTP and TLS. */

import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Event } from '../../collector/event.ts';
import type { DestinationSettings } from '../../collector/ship/destination.ts';
import type { LogShipper } from '../../collector/ship/shipper.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { resettingRoad } from '../receivers/resetting.ts';
import {
  delivered,
  events,
  filledLog,
  receiverFor,
  type ShippedLog,
  shippedLog,
} from '../receivers/shipped-log.ts';
import type { Fault, FaultOutcome, FaultSize } from './fault.ts';
import { inScope } from './scope.ts';

/** Longest wait for a receiver that is well again. */
const PATIENCE_MS = 120_000;

const CARRIERS = [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
] as const;

interface Arranged {
  readonly it: ShippedLog;
  readonly received: Receiver;
  readonly told: Event[];
  /** Records in the log. */
  readonly size: number;
  ship(more?: Partial<DestinationSettings>): LogShipper;
}

interface Row {
  readonly name: string;
  readonly records?: number;
  /** What the receiver is told before anything is sent. */
  readonly behaviour?: Parameters<Receiver['tell']>[1];
  /** Ends when the fault is over. @returns what to add about what happened */
  during(arranged: Arranged, shipper: LogShipper): Promise<string>;
  readonly settings?: Partial<DestinationSettings>;
}

/** Each record once, and in the order of the log: says how many came more than once. */
function repeatsIn(received: Receiver, size: number, order: 'as sealed' | 'any' = 'as sealed'): number {
  const indices = received.logs.flatMap((log) => log.attributes['spoor.log.index'] ?? []) as number[];
  const once = [...new Set(indices)];
  assert.deepEqual(
    order === 'any' ? once.sort((a, b) => a - b) : once,
    Array.from({ length: size }, (_, i) => i),
    'every record arrived, in order',
  );
  const uids = new Map<unknown, unknown>();
  for (const { attributes } of received.logs) {
    const { 'log.record.uid': uid, 'spoor.log.index': index } = attributes;
    assert.ok(!uids.has(uid) || uids.get(uid) === index, 'one uid is one record');
    uids.set(uid, index);
  }
  return indices.length - size;
}

function fault(row: Row, { carrier, protocol }: (typeof CARRIERS)[number]): Fault {
  return {
    name: `receiver (${protocol}) ${row.name}`,
    run: () =>
      inScope(async (t): Promise<FaultOutcome> => {
        const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
        const { records = 300 } = row;
        await filledLog(it, records);
        const told: Event[] = [];
        const arranged: Arranged = {
          it,
          received,
          told,
          size: records + 1,
          ship: (more) =>
            it.shipTo({ url: received.url, protocol, ...row.settings, ...more }, (event) => told.push(event)),
        };
        if (row.behaviour) await received.tell('logs', row.behaviour);
        const shipper = arranged.ship();
        shipper.start();
        const added = await row.during(arranged, shipper);
        await received.tell('logs', 'ok');
        const flushed = await delivered(shipper, received, PATIENCE_MS);
        assert.ok(flushed.delivered, `delivered in the end: ${flushed.cause}`);
        const repeats = repeatsIn(received, arranged.size);
        const again = repeats === 0 ? 'each record once' : `${repeats} records twice, with the same uid`;
        return { happened: [added, again].filter((text) => text !== '').join('; '), lost: 0 };
      }),
  };
}

/** Waits until the receiver has given this answer `times` times. */
async function answered(received: Receiver, answer: string, times: number): Promise<void> {
  await received.until(
    () => received.requests.filter((request) => request.answer === answer).length >= times,
  );
}

/** One receiver, one code after the other, each with a record of its own to refuse. */
function eachCode({ carrier, protocol }: (typeof CARRIERS)[number], codes: readonly string[]): Fault {
  return {
    name: `receiver (${protocol}) answers ${codes.join(', ')}, each twice`,
    run: () =>
      inScope(async (t) => {
        const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
        const seal = await it.openLog();
        const told: Event[] = [];
        const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
        seal.onGrow((durable) => shipper.grown(durable));
        shipper.start();
        for (const code of codes) {
          assert.ok((await delivered(shipper, received, PATIENCE_MS)).delivered, shipper.status().trouble);
          await received.tell('logs', `refuse ${code}`);
          const { next } = shipper.status();
          seal.append(events(10));
          await seal.checkpoint();
          await answered(received, code, 2);
          assert.equal(shipper.status().next, next, `${code}: the position does not move`);
          assert.match(shipper.status().trouble, new RegExp(code), `${code} is told`);
          await received.tell('logs', 'ok');
        }
        await seal.close();
        assert.ok((await delivered(shipper, received, PATIENCE_MS)).delivered, shipper.status().trouble);
        assert.deepEqual(told, [], 'nothing was set aside');
        // A record that was refused alone three times, on a slow machine, is taken after its successor.
        const repeats = repeatsIn(received, 10 * codes.length + 1, 'any');
        return {
          happened: `each is told and tried again, nothing set aside; ${repeats} records twice`,
          lost: 0,
        };
      }),
  };
}

const GRPC_CODES = Object.keys(status).filter((name) => /^[A-Z_]+$/.test(name) && name !== 'OK');
const HTTP_CODES = ['400', '401', '403', '404', '408', '413', '429', '500', '502', '503', '504'];

const SHARED: readonly Row[] = [
  {
    name: 'hangs',
    behaviour: 'hang',
    settings: { timeoutMs: 1_000 },
    async during({ received }) {
      await answered(received, 'HUNG', 2);
      return 'given up after the timeout and sent again';
    },
  },
  {
    name: 'takes 5 ms a record, so that a full request is not done within the timeout of 2 s',
    records: 1_500,
    behaviour: 'slow 5',
    settings: { timeoutMs: 2_000 },
    async during({ received }) {
      await received.until(() => received.requests.some(({ answer }) => answer === 'OK'));
      return 'requests halved until one was done in time';
    },
  },
  {
    name: 'answers what is no OTLP message',
    behaviour: 'nonsense',
    async during({ received }) {
      await answered(received, 'NONSENSE', 3);
      return 'sent again';
    },
  },
];

/** Each costs twice the wait of the one before: 0.25 s to 30 s. */
const RESETS: Readonly<Record<FaultSize, number>> = { ci: 4, full: 8 };

/** The road breaks: a row of its own form, since the shipper goes by another port. */
function resetting({ carrier, protocol }: (typeof CARRIERS)[number]): Fault {
  return {
    name: `receiver (${protocol}) resets the connection in the middle of requests`,
    run: (size) =>
      inScope(async (t) => {
        const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
        await filledLog(it, 3_000);
        // Anywhere in the first 60 KB: within the handshake, the headers, the body of the first request.
        const road = await resettingRoad(
          t,
          received.port,
          (number) => 1 + ((number * 7_919) % 60_000),
          RESETS[size],
        );
        const shipper = it.shipTo({ url: `http://127.0.0.1:${road.port}`, protocol });
        shipper.start();
        assert.ok((await delivered(shipper, received, PATIENCE_MS)).delivered, shipper.status().trouble);
        assert.equal(road.resets, RESETS[size]);
        const repeats = repeatsIn(received, 3_001);
        return {
          happened: `${road.resets} times, sent again each time; ${repeats} records came twice, with the same uid`,
          lost: 0,
        };
      }),
  };
}

function poisoned({ carrier, protocol }: (typeof CARRIERS)[number]): Fault {
  return {
    name: `receiver (${protocol}) refuses every request that holds one of 3 records of 2,000`,
    run: () =>
      inScope(async (t) => {
        const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
        const poison = new Set([0, 1_000, 1_001]);
        await filledLog(it, 2_000, (i) => (poison.has(i) ? `/evil/${i}` : `/tmp/${i}`));
        await received.tell('logs', 'poison evil');
        const told: Event[] = [];
        const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
        shipper.start();
        assert.ok((await delivered(shipper, received, PATIENCE_MS)).delivered, shipper.status().trouble);
        const indices = received.logs.flatMap((log) => log.attributes['spoor.log.index'] ?? []) as number[];
        const expected = Array.from({ length: 2_001 }, (_, i) => i).filter((index) => !poison.has(index - 1));
        assert.deepEqual(indices, expected, 'all others arrived once, in order');
        assert.equal(shipper.status().rejectedRecords, 3);
        assert.equal(told[0]?.attributes['spoor.ship.cause'], 'set_aside');
        await shipper.stop();
        return {
          happened: `3 set aside in ${received.requests.length} requests, stated; in the log still`,
          lost: 0,
        };
      }),
  };
}

function partial({ carrier, protocol }: (typeof CARRIERS)[number]): Fault {
  return {
    name: `receiver (${protocol}) takes all but 2 records of a request, and says so`,
    run: () =>
      inScope(async (t) => {
        const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
        await filledLog(it, 300);
        await received.tell('logs', 'partial 2');
        const told: Event[] = [];
        const shipper = it.shipTo({ url: received.url, protocol }, (event) => told.push(event));
        shipper.start();
        assert.ok((await delivered(shipper, received, PATIENCE_MS)).delivered, shipper.status().trouble);
        const rejected = 2 * received.requests.length;
        assert.equal(shipper.status().rejectedRecords, rejected);
        assert.equal(told[0]?.attributes['spoor.ship.cause'], 'partial_success');
        return { happened: `${rejected} stated as rejected; in the log still`, lost: 0 };
      }),
  };
}

export const receiverFaults: readonly Fault[] = CARRIERS.flatMap((by) => [
  ...SHARED.map((row) => fault(row, by)),
  resetting(by),
  poisoned(by),
  partial(by),
  eachCode(by, by.carrier === 'grpc' ? GRPC_CODES : HTTP_CODES),
]);
