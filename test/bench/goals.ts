/** What was measured beside what was aimed at, and beside peers, as Markdown tables. */

import { type PeerRow, WORKLOADS, type WorkloadName } from './peers.ts';
import { table } from './table.ts';

interface Goal {
  readonly what: string;
  readonly peer: 'spoor-outside' | 'spoor-inside';
  readonly workload: WorkloadName;
  readonly value: (row: PeerRow) => number;
  readonly limit: number;
  readonly unit: string;
  /** Why it is missed, where it is, and what it would take; as measured apart (a profiler, the kernel's counts). */
  readonly why: string;
}

const ratio = (row: PeerRow) => row.cpuRatio;
const watcher = (row: PeerRow) => row.watcherCpuS;

const AT_EVERY_CALL =
  "a program stands at the end of every system call of the host. For a process outside it takes some 60 ns (the kernel's own count of its programs, which is part of that), and an empty one in its place made opens 1.13 times as dear. It would take a hook that only tasks of sessions run through, which kernels do not have (docs/architecture.md)";
const IN_THE_KERNEL =
  'a start of /bin/true is 0.9 ms of CPU, and the programs take 78 µs of it: 70 at the end of its 259 system calls (where 15 opens are recorded with their paths and as many names looked up in vain), 4 at its exec, 4 at its fork and exit; that comes to what the start costs outside. Telling of a file once in a session, and not in each of its processes, would halve it, and no longer say who opened what';
const PER_EVENT =
  '3,000 starts are 102,000 events: for each 15 opens and 15 closes (libc, locale files), exec, exit and so on. An event takes 20 to 28 µs, of which a third is sealing, a fifth rules, an eighth each attribution and garbage collection, a fourteenth decoding; and 0.8 s in all is code that is not compiled yet. 0.3 s would be 3 µs an event. One event for an open and its close, where the file lived a moment, would halve their number, and there would be no event at the first open any more; past that, the stages would have to leave JavaScript';
const COLD =
  'one event stands for all 200,000 opens. What is left is a session: the same with a single open took 10 to 60 ms, in code that is not compiled yet, and giving memory back when it is quiet again took 140 ms';

const GOALS: readonly Goal[] = [
  {
    what: 'CPU of dev outside a session',
    peer: 'spoor-outside',
    workload: 'dev',
    value: ratio,
    limit: 1.02,
    unit: '',
    why: AT_EVERY_CALL,
  },
  {
    what: 'CPU of spawn outside',
    peer: 'spoor-outside',
    workload: 'spawn',
    value: ratio,
    limit: 1.03,
    unit: '',
    why: AT_EVERY_CALL,
  },
  {
    what: 'CPU of open outside',
    peer: 'spoor-outside',
    workload: 'open',
    value: ratio,
    limit: 1.1,
    unit: '',
    why: AT_EVERY_CALL,
  },
  {
    what: 'CPU of dev inside',
    peer: 'spoor-inside',
    workload: 'dev',
    value: ratio,
    limit: 1.05,
    unit: '',
    why: IN_THE_KERNEL,
  },
  {
    what: 'CPU of spawn inside',
    peer: 'spoor-inside',
    workload: 'spawn',
    value: ratio,
    limit: 1.08,
    unit: '',
    why: IN_THE_KERNEL,
  },
  {
    what: 'CPU of open inside',
    peer: 'spoor-inside',
    workload: 'open',
    value: ratio,
    limit: 1.35,
    unit: '',
    why: IN_THE_KERNEL,
  },
  {
    what: 'CPU of tcp inside',
    peer: 'spoor-inside',
    workload: 'tcp',
    value: ratio,
    limit: 1.07,
    unit: '',
    why: IN_THE_KERNEL,
  },
  {
    what: "the watcher's CPU for spawn",
    peer: 'spoor-inside',
    workload: 'spawn',
    value: watcher,
    limit: 0.3,
    unit: ' s',
    why: PER_EVENT,
  },
  {
    what: "the watcher's CPU for open",
    peer: 'spoor-inside',
    workload: 'open',
    value: watcher,
    limit: 0.1,
    unit: ' s',
    why: COLD,
  },
];

export function againstGoals(rows: readonly PeerRow[]): string {
  return table(
    ['what', 'measured', 'goal', ''],
    GOALS.map(({ what, peer, workload, value, limit, unit }) => {
      const row = rows.find((one) => one.peer === peer && one.workload === workload);
      if (!row) return [what, 'not measured', `${limit}${unit}`, ''];
      const measured = value(row);
      const isMet = measured <= limit;
      return [what, `${measured.toFixed(2)}${unit}`, `${limit}${unit}`, isMet ? 'met' : '**missed**'];
    }),
  );
}

/** By how much goals were missed, and why: those that are missed for one reason together. Nothing where none was. */
export function missedGoals(rows: readonly PeerRow[]): string {
  const missed = new Map<string, string[]>();
  for (const { what, peer, workload, value, limit, unit, why } of GOALS) {
    const row = rows.find((one) => one.peer === peer && one.workload === workload);
    const by = row ? value(row) - limit : 0;
    if (by > 0) missed.set(why, [...(missed.get(why) ?? []), `*${what}* by ${by.toFixed(2)}${unit}`]);
  }
  return [...missed].map(([why, goals]) => `- ${goals.join(', ')}: ${why}.`).join('\n');
}

export function peerTable(rows: readonly PeerRow[]): string {
  const ordered = rows.toSorted((a, b) => WORKLOADS.indexOf(a.workload) - WORKLOADS.indexOf(b.workload));
  return table(
    [
      'workload',
      'watcher',
      'wall',
      'CPU',
      "watcher's CPU",
      "watcher's memory",
      'captured',
      'said lost',
      'rounds',
    ],
    ordered.map((row) => [
      row.workload,
      row.peer,
      `× ${row.wallRatio.toFixed(2)}`,
      `× ${row.cpuRatio.toFixed(2)}`,
      `${row.watcherCpuS.toFixed(2)} s`,
      `${row.watcherRssMib.toFixed(0)} MiB`,
      row.captured,
      row.lost,
      String(row.rounds),
    ]),
  );
}
