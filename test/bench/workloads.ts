/** What is run under measure besides the driver's workloads (peers.ts). */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';

export interface Workload {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
}

export function ownWorkloads(folder: string): Workload[] {
  const dev = join(CHECKOUT, 'test/bench/dev.sh');
  const cwd = join(folder, 'dev');
  execFileSync(dev, ['lay', cwd]);
  return [
    { name: 'compile 60 C files', command: [dev, 'compile'], cwd },
    { name: '300 × git status', command: [dev, 'status'], cwd },
  ];
}
