/** What is run under measure. Two lie here; the others are the shared ones that peers were measured with. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';

export interface Workload {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
}

const SPAWNS = 3_000;
const OPENS = 200_000;
const CONNECTS = 10_000;
const TCP_PORT = 45_998;

export function ownWorkloads(folder: string): Workload[] {
  const dev = join(CHECKOUT, 'test/bench/dev.sh');
  const cwd = join(folder, 'dev');
  execFileSync(dev, ['lay', cwd]);
  return [
    { name: 'compile 60 C files', command: [dev, 'compile'], cwd },
    { name: '300 × git status', command: [dev, 'status'], cwd },
  ];
}

/** The workloads the peers were measured with; none where they are not beside the checkout, which is said. */
export function sharedWorkloads(folder: string): Workload[] {
  const sources = join(CHECKOUT, '../shared/bench');
  if (!existsSync(join(sources, 'wl_spawn.c'))) {
    console.log(
      `(${sources} is not here: the spawn, open and tcp loops that peers were measured with are NOT run)`,
    );
    return [];
  }
  mkdirSync(folder, { recursive: true });
  for (const name of ['wl_spawn', 'wl_open', 'wl_tcp'])
    execFileSync('gcc', ['-O2', '-o', join(folder, name), join(sources, `${name}.c`)]);
  copyFileSync('/bin/true', join(folder, 'wl_true'));
  const program = (name: string): string => join(folder, name);
  return [
    {
      name: `${SPAWNS} spawns`,
      command: [program('wl_spawn'), String(SPAWNS), program('wl_true')],
      cwd: folder,
    },
    {
      name: `${OPENS} opens of one file`,
      command: [program('wl_open'), String(OPENS), program('wl_true')],
      cwd: folder,
    },
    {
      name: `${CONNECTS} TCP connects`,
      command: [program('wl_tcp'), String(CONNECTS), String(TCP_PORT)],
      cwd: folder,
    },
  ];
}
