/**
 * What the endpoint service costs: its start on a host with many processes, at rest, and each program that starts.
 *
 *   node dist/test/bench/service.js [seconds at rest]
 *
 * It runs with the variables of its unit. Prints a Markdown table.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { freshFolder } from './measure.ts';
import { table } from './table.ts';

const PROCESSES = 2_000;
/** After it the start's memory has been given back (collector/service/give-back.ts). */
const SETTLE_MS = 70_000;
const REST_SECONDS = Number(process.argv[2] ?? '120');
/** _SC_CLK_TCK, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Started {
  readonly pid: number;
  /** Of the service's own clock: from the start of the process until it watches. */
  readonly startMs: number;
  stop(): Promise<void>;
}

async function startService(): Promise<Started> {
  const folder = freshFolder();
  const file = join(folder, 'spoor.yml');
  writeFileSync(file, `state: ${folder}/state\nruntime: ${folder}/run\nsensor: { keep: nowhere }\n`, {
    mode: 0o644,
  });
  const child = spawn(SPOOR, ['service', '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...unitEnvironment() },
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const { message, start_ms: startMs } = JSON.parse(line) as { message: string; start_ms: number };
    if (message !== 'watching') continue;
    child.stderr.resume();
    return {
      pid: child.pid as number,
      startMs,
      async stop() {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
        rmSync(folder, { recursive: true });
      },
    };
  }
  throw new Error('the service ended before it watched');
}

function unitEnvironment(): Record<string, string> {
  const unit = readFileSync(join(CHECKOUT, 'collector/service/spoor.service'), 'utf8');
  return Object.fromEntries(
    [...unit.matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMib(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}

function processesAlive(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}

/** Sleeps until it is told otherwise, with so many children that do the same. */
async function startCrowd(size: number): Promise<{ end(): Promise<void> }> {
  const script = `for i in $(seq ${size}); do sleep infinity & done; echo ready; read line; kill $(jobs -p)`;
  const child = spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(createInterface({ input: child.stdout }), 'line');
  return {
    async end() {
      const ended = once(child, 'exit');
      child.stdin.end('\n');
      await ended;
    },
  };
}

/** The dearest of what can be started, asked the first time and then again. */
function recognition(): { firstUs: number; thenUs: number } {
  const printed = execFileSync(process.execPath, [join(CHECKOUT, 'dist/collector/recognise/measure.js')], {
    encoding: 'utf8',
  });
  const rows = [...printed.matchAll(/ (\d+\.\d) +(\d+\.\d\d) {3}/g)];
  return {
    firstUs: Math.max(...rows.map(([, first]) => Number(first))),
    thenUs: Math.max(...rows.map(([, , then]) => Number(then))),
  };
}

const crowd = await startCrowd(PROCESSES);
const alive = processesAlive();
const crowded = await startService();
await crowded.stop();
await crowd.end();

const alone = await startService();
await pause(SETTLE_MS);
const beforeS = cpuSeconds(alone.pid);
await pause(REST_SECONDS * 1_000);
const share = (cpuSeconds(alone.pid) - beforeS) / REST_SECONDS;
const restMib = residentMib(alone.pid);
await alone.stop();

const { firstUs, thenUs } = recognition();
const met = (isMet: boolean) => (isMet ? 'met' : '**missed**');
console.log(
  table(
    ['what', 'measured', 'goal', ''],
    [
      [
        `start, with ${alive} processes alive`,
        `${(crowded.startMs / 1_000).toFixed(2)} s`,
        '2 s',
        met(crowded.startMs <= 2_000),
      ],
      ['start, alone', `${(alone.startMs / 1_000).toFixed(2)} s`, '2 s', met(alone.startMs <= 2_000)],
      [
        `at rest for ${REST_SECONDS} s, CPU of a core`,
        `${(share * 100).toFixed(2)} %`,
        '0.5 %',
        met(share <= 0.005),
      ],
      ['memory then, RSS', `${restMib.toFixed(1)} MiB`, '90 MiB', met(restMib <= 90)],
      ['recognition of an exec, the dearest kind', `${thenUs.toFixed(1)} µs`, '20 µs', met(thenUs <= 20)],
      ['the same, the first time', `${firstUs.toFixed(0)} µs`, '', ''],
    ],
  ),
);
