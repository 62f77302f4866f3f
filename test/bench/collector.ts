/**
 * Microseconds of CPU per event through the whole collector: from the kernel's bytes to a sealed record.
 *
 *   node dist/test/bench/collector.js [events]
 *
 * Watches a shell at work once, keeping the batches of bytes as the kernel gave them, then plays them through the
 * stages again and again on one core. The files are hashed before the clock starts, as in a session that runs.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttribute } from '../../collector/attribute/attribute.ts';
import { createDetect } from '../../collector/detect/detect.ts';
import { loadRuleSet } from '../../collector/detect/load.ts';
import { builtinRules, readRuleFiles } from '../../collector/detect/pack.ts';
import { createEnrich } from '../../collector/enrich/enrich.ts';
import type { Event } from '../../collector/event.ts';
import { createRedact } from '../../collector/redact/redact.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { launcherPath, loadNative, objectPath } from '../../sensors/linux/native.ts';
import { SessionProcesses } from '../../sensors/linux/processes.ts';
import { RecordReader } from '../../sensors/linux/records.ts';
import type { SensorFacts } from '../../sensors/sensor.ts';

const TAG = 1;
const RING_BYTES = 16 * 1024 * 1024;
const WARM_ROUNDS = 5n;
const WORK = `for i in $(seq 60); do
  cat /etc/passwd /etc/hosts | sort | uniq -c > /dev/null
  ls -l /usr/lib/x86_64-linux-gnu > /dev/null
  git --version > /dev/null
  grep -c root /etc/passwd /etc/group /etc/services > /dev/null
done`;

interface Recorded {
  readonly batches: Buffer[];
  readonly facts: SensorFacts;
  readonly wallOffsetNs: bigint;
  /** How long the work took. */
  readonly lastedNs: bigint;
}

async function record(): Promise<Recorded> {
  const native = loadNative();
  const handle = native.open(objectPath(), 'tracepoint', RING_BYTES);
  const batches: Buffer[] = [];
  const drain = () => {
    for (let batch = native.drain(handle); batch; batch = native.drain(handle))
      batches.push(Buffer.from(batch));
  };
  native.attach(handle);
  native.listen(handle, drain);
  const child = spawn(launcherPath(), ['3', 'bash', '-c', WORK], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const gate = child.stdio[3] as Socket;
  await new Promise<void>((waits) => gate.once('data', () => waits()));
  native.ask(handle, 'both_tag', child.pid ?? 0, TAG, 0);
  const startNs = process.hrtime.bigint();
  gate.end('.');
  await ended;
  const lastedNs = process.hrtime.bigint() - startNs;
  drain();
  const wallOffsetNs = native.wallOffsetNs();
  native.close(handle);
  return {
    batches,
    facts: { name: 'linux-ebpf', tier: 'tracepoint', bootId: 'bench' },
    wallOffsetNs,
    lastedNs,
  };
}

/** What the machine gives right now: the same work as a record's hash, on the same core. */
function hashMicroseconds(): number {
  const text = Buffer.alloc(1024, 'x');
  const rounds = 20_000;
  const start = cpuMicroseconds();
  for (let round = 0; round < rounds; round += 1) createHash('sha256').update(text).digest();
  return (cpuMicroseconds() - start) / rounds;
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? 300_000);
  const { batches, facts, wallOffsetNs, lastedNs } = await record();
  const directory = mkdtempSync(join(tmpdir(), 'spoor-bench-'));
  const hostKey = openHostKey(join(directory, 'key'));
  const seal = await openSeal({ directory: join(directory, 'log'), hostKey, hostId: 'bench' });
  // Each round is later than the one before: rules' windows would fill for ever with one that comes again and again.
  let round = 0n;
  const attribute = createAttribute(facts, () => wallOffsetNs + round * lastedNs);
  const enrich = createEnrich(() => {});
  const rules = loadRuleSet(readRuleFiles(builtinRules()));
  const detect = createDetect({ rules, ruleset: 'spoor', product: 'linux' });
  const redact = createRedact();
  const spent = new Map<string, number>();
  let events = 0;

  function timed<Result>(name: string, work: () => Result): Result {
    const startNs = process.hrtime.bigint();
    const result = work();
    spent.set(name, (spent.get(name) ?? 0) + Number(process.hrtime.bigint() - startNs) / 1_000);
    return result;
  }

  const reader = new RecordReader(new SessionProcesses(), () => {});
  function play(batch: Buffer): void {
    const seen = timed('decode', () => reader.read(batch));
    const made = timed('attribute', () => attribute.stage(seen));
    const ready: Event[] = timed('enrich', () => enrich.stage(made));
    const judged = timed('detect', () => detect(ready));
    const hidden = timed('redact', () => redact(judged));
    timed('seal', () => seal.append(hidden));
    events += hidden.length;
  }

  // Once for the hashes and the compiler; the disk is given its turn between rounds, as in life.
  while (round < WARM_ROUNDS) {
    for (const batch of batches) play(batch);
    round += 1n;
    await enrich.flush(60_000);
    await seal.checkpoint();
  }
  events = 0;
  spent.clear();
  const startCpu = cpuMicroseconds();
  while (events < wanted) {
    for (const batch of batches) {
      play(batch);
      await new Promise((resolve) => setImmediate(resolve));
    }
    round += 1n;
  }
  await seal.checkpoint();
  const cpu = cpuMicroseconds() - startCpu;
  console.log(`events          ${events}`);
  console.log(`whole           ${(cpu / events).toFixed(2)} µs of CPU per event, disk included`);
  for (const [name, microseconds] of spent)
    console.log(`  ${name.padEnd(12)}  ${(microseconds / events).toFixed(2)} µs`);
  console.log(`one SHA-256 of 1 KiB in the same minute: ${hashMicroseconds().toFixed(2)} µs`);
  await seal.close();
  await enrich.stop();
  rmSync(directory, { recursive: true });
}

await main();
