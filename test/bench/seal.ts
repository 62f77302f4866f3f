/**
 * What the log costs: sealing (encode, hash, append, checkpoint) and verifying, in records a second of CPU, beside
 * what OpenTelemetry's SDK takes to make the same records and hand them over as bytes (nothing hashed, stored or signed).
 *
 *   node dist/test/bench/seal.js [records]
 *
 * CPU time of all threads, so that a busy machine changes little; what it gives at the moment is told by a hash beside.
 */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { Attributes, Event } from '../../collector/event.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { newUid } from '../../collector/uid.ts';
import { verifyLog } from '../../collector/verify/verify.ts';

const BATCH = 500;
/** Bytes not on disk yet at which the bench waits, as the sensor would: it must not measure shedding. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
const WARM_UP = 40_000;
/** A tmpfs: what is left there is Spoor's own part. */
const MEMORY = '/dev/shm';

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function hashMicroseconds(): number {
  const text = Buffer.alloc(1024, 'x');
  const rounds = 20_000;
  const start = cpuMicroseconds();
  for (let round = 0; round < rounds; round++) createHash('sha256').update(text).digest();
  return (cpuMicroseconds() - start) / rounds;
}

/** An open as the collector describes it: 36 attributes, some 1,050 bytes as a record. */
function openEvent(i: number): Event {
  const id = (i % 97).toString(16).padStart(32, '7');
  const attributes: Attributes = {
    'event.outcome': 'success',
    'error.type': undefined,
    'file.directory': '/usr/lib/locale/C.utf8',
    'file.extension': undefined,
    'file.inode': String(329_637 + i),
    'file.mode': '0644',
    'file.name': 'LC_MEASUREMENT',
    'file.path': '/usr/lib/locale/C.utf8/LC_MEASUREMENT',
    'file.size': 23 + i,
    'gen_ai.agent.name': 'codex',
    'gen_ai.agent.version': '0.169.0',
    'process.creation.time': '2026-11-29T02:01:22.153604341Z',
    'process.entity_id': id,
    'process.executable.name': 'cat',
    'process.executable.path': '/usr/bin/cat',
    'process.parent.entity_id': 'c27e1b4fb023e6c93c6f828f9a68ccef',
    'process.parent_pid': 15_863,
    'process.pid': 15_876 + (i % 97),
    'process.user.id': 0,
    'process.user.name': 'root',
    'session.id': 'c27e1b4fb023e6c93c6f828f9a68ccef',
    'spoor.event.boot_ns': 5_145_889_107_817n + BigInt(i),
    'spoor.file.access': 'read',
    'spoor.file.created': false,
    'spoor.file.deleted': false,
    'spoor.file.device': '254:0',
    'spoor.file.flags': ['cloexec'],
    'spoor.file.path_basis': 'resolved',
    'spoor.file.type': 'regular',
    'spoor.hash.missing_reason': undefined,
    'spoor.session.basis': 'exact',
    'spoor.session.evidence': 'fork chain',
    'thread.id': 15_876,
  };
  return {
    name: 'file.open',
    uid: newUid(1_795_912_800_000 + i),
    timeNs: 1_795_912_800_000_000_000n + BigInt(i) * 1_000n,
    severity: 9,
    traceId: 'c27e1b4fb023e6c93c6f828f9a68ccef',
    spanId: id.slice(0, 16),
    attributes,
    seen: undefined,
  };
}

/** @param parent the folder that gets the log; on which file system it is decides a quarter of the cost */
async function benchSpoor(parent: string, records: number): Promise<{ seal: number; verify: number }> {
  const directory = mkdtempSync(join(parent, 'spoor-bench-seal-'));
  try {
    const log = join(directory, 'log');
    const seal = await openSeal({
      directory: log,
      hostKey: openHostKey(join(directory, 'key')),
      hostId: 'bench',
      retention: { maxBytes: 2 ** 40 },
    });
    const batch = Array.from({ length: BATCH }, (_, i) => openEvent(i));
    const append = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += BATCH) {
        seal.append(batch);
        if (seal.backlogBytes > MOST_WAITING_BYTES) await seal.checkpoint();
        else await new Promise((resolve) => setImmediate(resolve));
      }
      await seal.checkpoint();
    };
    await append(WARM_UP);
    const beforeSeal = cpuMicroseconds();
    await append(records);
    const sealed = cpuMicroseconds() - beforeSeal;
    if (seal.shed > 0) throw new Error(`${seal.shed} events were shed: this measured nothing`);
    const { size } = await seal.close();
    const beforeVerify = cpuMicroseconds();
    const verdict = await verifyLog(log);
    const verified = cpuMicroseconds() - beforeVerify;
    if (verdict.integrity !== 'intact' || verdict.size !== size) throw new Error('the log is not intact');
    return { seal: (records / sealed) * 1e6, verify: (size / verified) * 1e6 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The SDK's way of the same records up to its request's bytes: logger, batch processor, serializer. */
async function benchSdk(records: number): Promise<number> {
  let bytes = 0;
  const exporter = {
    export(batch: ReadableLogRecord[], done: (result: { code: number }) => void): void {
      bytes += ProtobufLogsSerializer.serializeRequest(batch)?.length ?? 0;
      done({ code: 0 });
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const processor = new BatchLogRecordProcessor({ exporter, maxQueueSize: 1 << 20, maxExportBatchSize: 512 });
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    processors: [processor],
  });
  const logger = provider.getLogger('bench');
  const batch = Array.from({ length: BATCH }, (_, i) => openEvent(i)).map(({ name, timeNs, attributes }) => ({
    eventName: name,
    timestamp: Number(timeNs / 1_000_000n),
    severityNumber: SeverityNumber.INFO,
    severityText: 'INFO',
    attributes: Object.fromEntries(
      Object.entries(attributes)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
    ) as Record<string, string | number | boolean | string[]>,
  }));
  const emit = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += BATCH) {
      for (const record of batch) logger.emit(record);
      if (done % (20 * BATCH) === 0) await provider.forceFlush();
    }
    await provider.forceFlush();
  };
  await emit(WARM_UP);
  const before = cpuMicroseconds();
  await emit(records);
  const perSecond = (records / (cpuMicroseconds() - before)) * 1e6;
  if (bytes === 0) throw new Error('the SDK handed nothing over');
  await provider.shutdown();
  return perSecond;
}

async function main(): Promise<void> {
  const records = Number(process.argv[2] ?? 200_000);
  // ext4 passes over the inodes of files deleted in the last half minute, one by one, so nothing is deleted before it.
  const own = await benchSpoor(tmpdir(), records);
  const inMemory = await benchSpoor(MEMORY, records);
  const sdk = await benchSdk(records);
  const rate = (perSecond: number): string =>
    `${Math.round(perSecond / 1_000).toLocaleString('en')},000 records/s of CPU, ${(1e6 / perSecond).toFixed(2)} µs each`;
  console.log(`seal (encode, hash, append, checkpoint)   ${rate(own.seal)}`);
  console.log(`the same, the log on tmpfs                ${rate(inMemory.seal)}`);
  console.log(`verify                                    ${rate(own.verify)}`);
  console.log(`OpenTelemetry SDK, to bytes               ${rate(sdk)}`);
  console.log(`ratio seal : SDK                          ${(own.seal / sdk).toFixed(2)}`);
  console.log(`one SHA-256 of 1 KiB in the same minute   ${hashMicroseconds().toFixed(2)} µs`);
}

await main();
