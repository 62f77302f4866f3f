/**
 * `make bench`: what Spoor costs, as ratios within one run, beside what else could watch; and how much it takes before
 * it loses anything. BENCH_ROUNDS sets the rounds.
 *
 * Prints the tables and writes them to docs/bench.md, each goal marked as met or missed. Figures are never asserted:
 * a busy machine is no bug.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { againstGoals, missedGoals, peerTable } from './goals.ts';
import { alone, freshFolder, inside, median, startIdle } from './measure.ts';
import { measurePeers } from './peers.ts';
import { table } from './table.ts';
import { ownWorkloads, type Workload } from './workloads.ts';

/** Of each workload and watcher; three take 13 minutes on two cores. */
const ROUNDS = roundsFrom(process.env.BENCH_ROUNDS ?? '3');
/** Peers whose turn has not come by then are left out, and said: the whole is to end within 15 minutes. */
const PEERS_WITHIN_MS = 10 * 60_000;
/** Fewer, and the noise of starting and ending is what would be divided. */
const MIN_EVENTS_FOR_A_SHARE = 1_000;
const FLOOD_SECONDS = 2;
const FLOOD_RATES = [5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 75_000, 100_000, 150_000, 200_000];
const IDLE_SECONDS = 10;

function roundsFrom(text: string): number {
  const rounds = Number(text);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error(`BENCH_ROUNDS is "${text}"; give a number of rounds, 1 or more`);
  return rounds;
}

function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

interface Log {
  readonly events: number;
  readonly lost: number;
}

/** Counts what a state folder's log holds, without parsing more than the gap events. */
function countLog(state: string): Log {
  const printed = execFileSync(SPOOR, ['events', '--state', state, '--json'], { maxBuffer: 2 ** 31 });
  let events = 0;
  for (let at = printed.indexOf(10); at >= 0; at = printed.indexOf(10, at + 1)) events++;
  const gaps = execFileSync(SPOOR, ['events', '--state', state, '--json', '--event', 'sensor.gap']);
  const lost = gaps
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .reduce((sum, line) => sum + Number(JSON.parse(line).attributes['spoor.gap.count']), 0);
  return { events, lost };
}

/** Watcher CPU of a session that does nothing: what starting and ending costs. */
async function baseCpuS(): Promise<number> {
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { watcherCpuS, state } = await inside(['true'], '/');
    costs.push(watcherCpuS);
    rmSync(join(state, '..'), { recursive: true });
  }
  return median(costs);
}

/** One row: the three ways in turns, each round in another order, so that drift of the machine falls on all. */
async function ratios(workload: Workload, startCpuS: number): Promise<string[]> {
  const outsideRatios: number[] = [];
  const insideRatios: number[] = [];
  const watcher: number[] = [];
  let log: Log = { events: 0, lost: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const cost = { none: 0, beside: 0, within: 0 };
    const ways = [
      async () => {
        cost.none = (await alone(workload.command, workload.cwd)).cpuS;
      },
      async () => {
        const idle = await startIdle();
        cost.beside = (await alone(workload.command, workload.cwd)).cpuS;
        await idle.stop();
      },
      async () => {
        const watched = await inside(workload.command, workload.cwd);
        cost.within = watched.command.cpuS;
        watcher.push(watched.watcherCpuS - startCpuS);
        if (round === 0) log = countLog(watched.state);
        rmSync(join(watched.state, '..'), { recursive: true });
      },
    ];
    for (let turn = 0; turn < ways.length; turn++) await ways[(turn + round) % ways.length]?.();
    outsideRatios.push(cost.beside / cost.none);
    insideRatios.push(cost.within / cost.none);
  }
  const own = median(watcher);
  return [
    workload.name,
    `× ${median(outsideRatios).toFixed(2)}`,
    `× ${median(insideRatios).toFixed(2)}`,
    `${own.toFixed(2)} s`,
    String(log.events),
    log.events < MIN_EVENTS_FOR_A_SHARE ? '' : `${((own / log.events) * 1e6).toFixed(0)} µs`,
    String(log.lost),
  ];
}

/** Raises the rate until something is lost; a rate counts as sustained when nothing was. */
async function flood(folder: string): Promise<string[][]> {
  const program = join(folder, 'flood');
  execFileSync('gcc', ['-O2', '-o', program, join(CHECKOUT, 'test/bench/flood.c')]);
  const rows: string[][] = [];
  for (const rate of FLOOD_RATES) {
    progress(`flood of ${rate} events/s`);
    const state = join(freshFolder(), 'state');
    const flooded = [SPOOR, 'run', '--state', state, '--', program, String(rate), String(FLOOD_SECONDS)];
    const made = Number(
      execFileSync(flooded[0] as string, flooded.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    const { events, lost } = countLog(state);
    rmSync(join(state, '..'), { recursive: true });
    rows.push([String(Math.round(made / FLOOD_SECONDS)), String(made), String(events), String(lost)]);
    if (lost > 0) break;
  }
  return rows;
}

/** The collector without the kernel: what one event costs from its bytes to its sealed record, stage by stage. */
function collectorAlone(): string[][] {
  progress('the collector alone, from bytes to sealed records');
  const printed = execFileSync(process.execPath, [join(CHECKOUT, 'dist/test/bench/collector.js')], {
    encoding: 'utf8',
  });
  return [...printed.matchAll(/^ *(\w+) +([\d.]+ µs)/gm)].map((match) => [
    match[1] as string,
    match[2] as string,
  ]);
}

/** Records a second and core from the log to a receiver that decodes them, beside OpenTelemetry's SDK. */
function shipping(): string[][] {
  progress('shipping, beside the SDK of OpenTelemetry');
  const printed = execFileSync(process.execPath, [join(CHECKOUT, 'dist/test/bench/ship.js')], {
    encoding: 'utf8',
  });
  return printed
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Sealing and verifying in records a second of CPU, beside what OpenTelemetry's SDK takes to make the same records. */
function sealing(): string[][] {
  progress('sealing and verifying, beside the SDK of OpenTelemetry');
  const printed = execFileSync(process.execPath, [join(CHECKOUT, 'dist/test/bench/seal.js')], {
    encoding: 'utf8',
  });
  return printed
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
}

/** Rules on recorded work and attacks, as tables. */
function rules(): string {
  progress('rules on recorded work and on recorded attacks');
  return execFileSync(process.execPath, [join(CHECKOUT, 'dist/test/bench/detect.js')], {
    encoding: 'utf8',
  }).trim();
}

/** The endpoint service, as a table. */
function service(): string {
  progress('the endpoint service, at its start and at rest');
  return execFileSync(process.execPath, [join(CHECKOUT, 'dist/test/bench/service.js')], {
    encoding: 'utf8',
  }).trim();
}

interface Usage {
  readonly rssMib: number;
  readonly cpuS: number;
}

function usage(pid: number): Usage {
  const rssKib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // utime and stime, fields 14 and 15 of proc(5); a tick is 10 ms (getconf CLK_TCK).
  return { rssMib: rssKib / 1024, cpuS: (Number(fields[11]) + Number(fields[12])) / 100 };
}

async function idle(): Promise<string[]> {
  progress(`an idle session for ${IDLE_SECONDS} s`);
  const session = await startIdle();
  const before = usage(session.pid);
  await pause(IDLE_SECONDS * 1_000);
  const after = usage(session.pid);
  await session.stop();
  const share = ((after.cpuS - before.cpuS) / IDLE_SECONDS) * 100;
  return [`${after.rssMib.toFixed(0)} MiB`, `${share.toFixed(1)} % of a core`];
}

async function main(): Promise<void> {
  const began = Date.now();
  const folder = freshFolder();
  const loadBefore = loadavg()[0] ?? 0;
  const peers = await measurePeers(join(folder, 'driver'), ROUNDS, began + PEERS_WITHIN_MS, progress);
  progress('starting and ending a session that does nothing');
  const startCpuS = await baseCpuS();
  const rows: string[][] = [];
  for (const workload of ownWorkloads(folder)) {
    progress(`${workload.name}: ${ROUNDS} rounds without Spoor, beside a session, inside one`);
    rows.push(await ratios(workload, startCpuS));
  }
  const stages = collectorAlone();
  const sealed = sealing();
  const shipped = shipping();
  const judged = rules();
  const flooded = await flood(folder);
  const served = service();
  const rest = await idle();
  rmSync(folder, { recursive: true });

  const costs = table(
    [
      'workload',
      'CPU outside a session',
      'CPU inside a session',
      "Spoor's own CPU",
      'events',
      'an event',
      'lost',
    ],
    rows,
  );
  const sections = [
    `# What Spoor costs

Measured by \`make bench\` on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Linux ${release()}, Node ${process.versions.node},
${ROUNDS} round${ROUNDS === 1 ? '' : 's'}, at a load of ${loadBefore.toFixed(1)} before it began. Read ratios, not digits: they are taken within a round, and
the median is shown. What else the machine did falls on both sides of a ratio and makes each an upper bound.`,
    ...(peers
      ? [
          `## The goals

${againstGoals(peers)}

${missedGoals(peers)}`,
          `## Beside what else could watch

Each workload in turns without and with the watcher: \`dev\` is a compile with git, grep and find; \`spawn\` starts
programs; \`open\` opens one file again and again; \`tcp\` connects over loopback. What strace costs is in the workload.
Of \`dev\` the captured are compilers started and sources opened.

${peerTable(peers)}`,
        ]
      : ['The driver for peers (../shared/bench) was not there: nothing was measured beside them.']),
    `## What a program costs more, start and end of a session included

CPU (user and system, with all descendants) against the same program with no sensor loaded: outside a session, while
another session is under watch; inside, as the session. Spoor's own CPU is without the ${startCpuS.toFixed(2)} s that starting and
ending a session takes; divided by the events it made, hashes and seals included.

${costs}`,
    `## What one event costs

The collector alone, on one core: batches as the kernel gave them, of a shell at work, played through the stages again
and again, files hashed beforehand as in a session that runs. "whole" is all CPU of the process, disk included. The
goal is 8 µs.

${table(['stage', 'CPU an event'], stages)}`,
    `## How much it takes before it loses anything

One process makes events at a given rate for ${FLOOD_SECONDS} s (opens of a file that is not there; one core generates, the other
watches). Raised until the first loss; "in the log" holds the session's own events as well. The goal is 50,000.

${table(['events/s made', 'made', 'in the log', 'lost, and counted'], flooded)}`,
    `## Sealing and verifying

Records of 36 attributes, some 1,050 bytes: encoded, hashed into the tree, appended, signed; then the whole log verified.
The SDK makes the same records and hands over bytes, nothing hashed, stored or signed. The goals are 150,000 sealed and
200,000 verified a second and core. CPU is that of all threads, the kernel's part included; on tmpfs the file system's part
is nearly gone.

${table(['what', 'measured'], sealed)}`,
    `## Shipping

Records of 17 attributes from the log to a receiver of gRPC's C core, which decodes each and finds its uid, so that none
is missing. CPU time of the sending process with all its threads; the seconds are mostly the receiver's.

${table(['sender', 'records/s a core', 'records/s', 'main thread busy'], shipped)}`,
    `## Rules

On one core, CPU time. The goals: 150,000 events/s at work and 100,000 under attack with the rules for Linux, 10,000
with all, loaded in 2 s and 150 MB; ten times the rules at twice the time; 100,000 correlated matches/s; 5 ms for the
dearest event.

${judged}`,
    `## The endpoint service

${served}`,
    `## At rest

A session whose command sleeps, for ${IDLE_SECONDS} s. The goals are 90 MiB and 0.5 % of a core; starts and ends of other
programs on the machine are part of it.

${table(['RSS', 'CPU'], [rest])}`,
  ];
  const page = `${sections.join('\n\n')}\n`;
  writeFileSync(join(CHECKOUT, 'docs/bench.md'), page);
  console.log(`\n${page}\nWritten to docs/bench.md after ${Math.round((Date.now() - began) / 1_000)} s.`);
}

await main();
