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
}

const ratio = (row: PeerRow) => row.cpuRatio;
const watcher = (row: PeerRow) => row.watcherCpuS;

const GOALS: readonly Goal[] = [
  {
    what: 'CPU of dev outside a session',
    peer: 'spoor-outside',
    workload: 'dev',
    value: ratio,
    limit: 1.02,
    unit: '',
  },
  {
    what: 'CPU of spawn outside',
    peer: 'spoor-outside',
    workload: 'spawn',
    value: ratio,
    limit: 1.03,
    unit: '',
  },
  {
    what: 'CPU of open outside',
    peer: 'spoor-outside',
    workload: 'open',
    value: ratio,
    limit: 1.1,
    unit: '',
  },
  { what: 'CPU of dev inside', peer: 'spoor-inside', workload: 'dev', value: ratio, limit: 1.05, unit: '' },
  {
    what: 'CPU of spawn inside',
    peer: 'spoor-inside',
    workload: 'spawn',
    value: ratio,
    limit: 1.08,
    unit: '',
  },
  { what: 'CPU of open inside', peer: 'spoor-inside', workload: 'open', value: ratio, limit: 1.35, unit: '' },
  { what: 'CPU of tcp inside', peer: 'spoor-inside', workload: 'tcp', value: ratio, limit: 1.07, unit: '' },
  {
    what: "the watcher's CPU for spawn",
    peer: 'spoor-inside',
    workload: 'spawn',
    value: watcher,
    limit: 0.3,
    unit: ' s',
  },
  {
    what: "the watcher's CPU for open",
    peer: 'spoor-inside',
    workload: 'open',
    value: watcher,
    limit: 0.1,
    unit: ' s',
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
