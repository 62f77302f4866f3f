/**
 * What shipping costs, beside OpenTelemetry's own SDK doing the same with the same records in the same run.
 *
 *   node dist/test/bench/ship.js [records] [rounds]
 *
 * Every sender is a process of its own; its CPU time counts, with all its threads, so a busy machine changes the
 * seconds and hardly the figures. The receiver is gRPC's C core with protoc's stubs: it decodes every record, finds
 * the uid in it and tells it, and a round in which one is missing is a failure. Rounds take turns.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type AnyValue, SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import type { Event } from '../../collector/event.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { describeResource } from '../../collector/ship/resource.ts';
import { createShipThread } from '../../collector/ship/ship-thread.ts';
import { createLogShipper } from '../../collector/ship/shipper.ts';
import { newUid } from '../../collector/uid.ts';
import { startReceiver } from '../receivers/receiver.ts';
import { median } from './measure.ts';

const DEFAULT_RECORDS = 200_000;
const DEFAULT_ROUNDS = 3;
const PATIENCE_MS = 600_000;
/** Records of one call, as a busy pipeline hands them over. */
const BATCH = 1_000;

/** What a sender says of itself, as JSON on standard output. */
interface Cost {
  readonly cpuS: number;
  readonly wallS: number;
  /** Share of the time that the main thread's event loop was busy. */
  readonly mainBusy: number;
}

/** Records as a session makes them: opens of files, with everything that attribution adds. */
function events(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    name: 'file.open',
    uid: newUid(Date.now()),
    timeNs: 1_700_000_000_123_456_789n + BigInt(i),
    severity: 9,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    attributes: {
      'file.path': `/home/user/project/src/module-${i % 97}/file-${i}.ts`,
      'file.name': `file-${i}.ts`,
      'file.directory': `/home/user/project/src/module-${i % 97}`,
      'file.extension': 'ts',
      'file.inode': String(1_000_000 + i),
      'process.pid': 4_000 + (i % 50),
      'process.parent_pid': 3_999,
      'process.entity_id': '0af7651916cd43dd8448eb211c80319c',
      'process.parent.entity_id': '1bf7651916cd43dd8448eb211c80319d',
      'process.executable.name': 'node',
      'process.executable.path': '/usr/bin/node',
      'process.user.id': 1_000,
      'process.user.name': 'user',
      'session.id': '0af7651916cd43dd8448eb211c80319c',
      'gen_ai.agent.name': 'codex',
      'gen_ai.agent.version': '0.169.0',
      'event.outcome': 'success',
    },
    seen: undefined,
  }));
}

async function measured(work: () => Promise<void>): Promise<Cost> {
  const [cpu, loop, startMs] = [process.cpuUsage(), performance.eventLoopUtilization(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpuS: (user + system) / 1e6,
    wallS: (performance.now() - startMs) / 1_000,
    mainBusy: performance.eventLoopUtilization(loop).utilization,
  };
}

async function sealed(state: string, count: number): Promise<void> {
  const hostKey = openHostKey(join(state, 'key'));
  const seal = await openSeal({ directory: join(state, 'log'), hostKey, hostId: 'bench' });
  for (let i = 0; i < count; i += BATCH) {
    seal.append(events(Math.min(BATCH, count - i)));
    if (i % (10 * BATCH) === 0) await seal.checkpoint();
  }
  await seal.close();
}

function shipperOf(state: string, url: string, make: typeof createLogShipper) {
  return make({
    logDirectory: join(state, 'log'),
    positionsDirectory: join(state, 'ship'),
    destination: { url },
    resource: describeResource({ version: '1.2.3', keyId: 'cafe0123' }),
  });
}

async function shipped(state: string, url: string, make: typeof createLogShipper): Promise<void> {
  const shipper = shipperOf(state, url, make);
  shipper.start();
  const { delivered, cause } = await shipper.flush(PATIENCE_MS);
  if (!delivered) throw new Error(cause);
  await shipper.stop();
}

/** OpenTelemetry's SDK as its documentation sets it up, but for a queue that holds everything: its own drops the rest. */
async function bySdk(url: string, count: number): Promise<Cost> {
  const exporter = new OTLPLogExporter({ url });
  const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: count, maxExportBatchSize: 512 });
  const resource = resourceFromAttributes(describeResource({ version: '1.2.3', keyId: 'cafe0123' }));
  const provider = new LoggerProvider({ resource, processors: [processor] });
  const logger = provider.getLogger('spoor', '1.2.3');
  const records = events(count);
  return measured(async () => {
    for (const [i, { name, uid, timeNs, attributes }] of records.entries()) {
      logger.emit({
        eventName: name,
        timestamp: [Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n)],
        severityNumber: SeverityNumber.INFO,
        severityText: 'INFO',
        attributes: { ...attributes, 'log.record.uid': uid, 'spoor.log.index': i } as Record<
          string,
          AnyValue
        >,
      });
      if (i % BATCH === 0) await new Promise(setImmediate);
    }
    await provider.forceFlush();
  });
}

async function send(way: string, url: string, count: number): Promise<Cost> {
  const state = mkdtempSync(join(tmpdir(), 'spoor-bench-ship-'));
  try {
    if (way === 'sdk') return await bySdk(url, count);
    if (way === 'seal-and-ship')
      return await measured(async () => {
        await sealed(state, count);
        await shipped(state, url, createLogShipper);
      });
    await sealed(state, count);
    return await measured(() => shipped(state, url, way === 'thread' ? createShipThread : createLogShipper));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

const WAYS = [
  ['ship', 'Spoor: ship what was sealed'],
  ['thread', 'Spoor: the same, in a thread of its own'],
  ['seal-and-ship', 'Spoor: make the events, encode, hash, sign, store, ship'],
  ['sdk', 'OpenTelemetry SDK: batch processor, gRPC exporter'],
] as const;

/** Each way once: how the receiver counts decides. */
async function round(way: string, count: number): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-receiver-'));
  const receiver = await startReceiver({ folder, detail: 'brief' });
  try {
    const program = fileURLToPath(import.meta.url);
    // Not waited for synchronously: the receiver's lines must be read meanwhile.
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      'send',
      way,
      receiver.url,
      String(count),
    ]);
    const uids = (): number => new Set(receiver.taken.map(({ uid }) => uid)).size;
    await receiver.until(() => receiver.taken.length >= count);
    if (uids() < count) throw new Error(`${way}: ${uids()} of ${count} records arrived`);
    return JSON.parse(stdout) as Cost;
  } finally {
    await receiver.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A row each: way, records a second and core, records a second, share of the main thread. */
async function rows(count: number, rounds: number): Promise<string[][]> {
  const costs = new Map<string, Cost[]>(WAYS.map(([way]) => [way, []]));
  for (let number = 0; number < rounds; number++)
    for (const [way] of WAYS) costs.get(way)?.push(await round(way, count));
  return WAYS.map(([way, title]) => {
    const of = (pick: (cost: Cost) => number): number => median((costs.get(way) ?? []).map(pick));
    return [
      title,
      String(Math.round(count / of(({ cpuS }) => cpuS))),
      String(Math.round(count / of(({ wallS }) => wallS))),
      `${Math.round(100 * of(({ mainBusy }) => mainBusy))} %`,
    ];
  });
}

const [, , first, ...rest] = process.argv;
if (first === 'send') {
  const [way = '', url = '', count = ''] = rest;
  process.stdout.write(`${JSON.stringify(await send(way, url, Number(count)))}\n`);
} else {
  const found = await rows(Number(first ?? DEFAULT_RECORDS), Number(rest[0] ?? DEFAULT_ROUNDS));
  for (const row of found) console.log(`| ${row.join(' | ')} |`);
}
