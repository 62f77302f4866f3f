/** Where cgroup 2 is mounted, by the kernel's own list. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const [, folder] = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2') ?? [];
  assert.ok(folder, 'cgroup 2 is mounted nowhere');
  return folder;
}
