/**
 * Spoor beside what else could watch, by the driver that peers were measured with (../shared/bench, where it is there):
 * each workload in turns without and with a watcher, its CPU, the watcher's CPU and memory, what it captured and what
 * it said it lost.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { median } from './measure.ts';

const DRIVER = join(CHECKOUT, '../shared/bench');
const OWN_PEERS = join(CHECKOUT, 'test/bench/peers');
export const WORKLOADS = ['dev', 'spawn', 'open', 'tcp'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** A name of the driver's, or of ours beside it. */
interface Peer {
  readonly name: string;
  /** What must be installed for it. */
  readonly program: string;
  /** Where a call costs milliseconds, as many fewer. */
  readonly counts?: Readonly<Record<string, string>>;
}

const PEERS: readonly Peer[] = [
  { name: 'none', program: 'true' },
  { name: 'spoor-outside', program: 'node' },
  { name: 'spoor-inside', program: 'node' },
  { name: 'bpftrace', program: 'bpftrace' },
  { name: 'auditd', program: 'auditd', counts: { N_OPEN: '50000' } },
  { name: 'perftrace', program: 'perf' },
  { name: 'strace', program: 'strace', counts: { N_OPEN: '20000', N_SPAWN: '500', N_TCP: '2000' } },
];

/** Medians of one peer and workload. */
export interface PeerRow {
  readonly peer: string;
  readonly workload: WorkloadName;
  /** CPU of the workload with the watcher, divided by that without. */
  readonly cpuRatio: number;
  readonly wallRatio: number;
  readonly watcherCpuS: number;
  readonly watcherRssMib: number;
  readonly captured: string;
  readonly lost: string;
  readonly rounds: number;
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Prepared in `folder`: the driver writes beside itself. */
function layDriver(folder: string): NodeJS.ProcessEnv {
  cpSync(DRIVER, folder, { recursive: true });
  execFileSync('chmod', ['-R', 'u+w', folder]);
  cpSync(OWN_PEERS, join(folder, 'peers'), { recursive: true });
  const session = join(folder, 'session');
  execFileSync('cc', ['-O2', '-Wall', '-o', session, join(CHECKOUT, 'test/bench/session.c')]);
  mkdirSync(join(folder, 'results'), { recursive: true });
  return {
    ...process.env,
    SPOOR,
    SPOOR_SESSION: session,
    SPOOR_COUNT: join(CHECKOUT, 'dist/test/bench/count.js'),
  };
}

/**
 * All peers that are installed, until `deadlineMs`: those whose turn does not come are said.
 * @returns undefined where the driver is not there, which is said too
 */
export async function measurePeers(
  folder: string,
  rounds: number,
  deadlineMs: number,
  say: (text: string) => void,
): Promise<PeerRow[] | undefined> {
  if (!existsSync(join(DRIVER, 'bench.sh'))) {
    say(`${DRIVER} is not here: nothing is measured beside peers`);
    return undefined;
  }
  const env = layDriver(folder);
  const rows: PeerRow[] = [];
  for (const { name, program, counts } of PEERS) {
    if (!isInstalled(program)) {
      say(`${name}: ${program} is not installed, so it is left out; apt-get install ${program}`);
      continue;
    }
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) {
      say(`${name}: no time is left for it`);
      continue;
    }
    say(`${name}: ${rounds} rounds of ${WORKLOADS.join(', ')}`);
    const driver = spawn('./bench.sh', [name, String(rounds), WORKLOADS.join(' ')], {
      cwd: folder,
      env: { ...env, ...counts },
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    // The watcher it has started is of its process group, and must not outlive it.
    const end = setTimeout(() => process.kill(-(driver.pid as number), 'SIGTERM'), leftMs);
    const [code] = await once(driver, 'close');
    clearTimeout(end);
    if (code !== 0) say(`${name}: the driver ended with ${code}; what it measured until then is taken`);
    const results = join(folder, 'results', `${name}.tsv`);
    if (existsSync(results)) rows.push(...rowsOf(name, readFileSync(results, 'utf8')));
  }
  return rows;
}

/** Columns of the driver: peer work round mode wall user sys maxrss busy rc peer_cpu peer_rss drain captured lost. */
function rowsOf(peer: string, table: string): PeerRow[] {
  const runs = table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  return WORKLOADS.flatMap((workload) => {
    const ofMode = (mode: string) =>
      new Map(
        runs.filter(([, work, , inMode]) => work === workload && inMode === mode).map((run) => [run[2], run]),
      );
    const without = ofMode('base');
    const pairs = [...ofMode('peer')].flatMap(([round, withPeer]) => {
      const base = without.get(round);
      return base ? [{ base, withPeer }] : [];
    });
    if (pairs.length === 0) return [];
    const number = (run: readonly string[], column: number) => Number(run[column]);
    const cpu = (run: readonly string[]) => number(run, 5) + number(run, 6);
    const last = pairs.at(-1)?.withPeer ?? [];
    return [
      {
        peer,
        workload,
        cpuRatio: median(pairs.map(({ base, withPeer }) => cpu(withPeer) / cpu(base))),
        wallRatio: median(pairs.map(({ base, withPeer }) => number(withPeer, 4) / number(base, 4))),
        watcherCpuS: median(pairs.map(({ withPeer }) => number(withPeer, 10))),
        watcherRssMib: median(pairs.map(({ withPeer }) => number(withPeer, 11))) / 1024,
        captured: last[13] ?? '-',
        lost: last[14] ?? '-',
        rounds: pairs.length,
      },
    ];
  });
}
