/** The control group of this service, if it has one to itself: who writes to its files freezes or ends the service. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** cgroups(7): the line of the cgroup 2 hierarchy begins with it. */
const UNIFIED = '0::';
/** Files of a group that stop everything in it and below. */
const STOPPING = ['cgroup.freeze', 'cgroup.kill'];

/** As it was at first: later the canary may be in it, at the moment when settings are read again. */
let found: readonly string[] | undefined;

/** @returns the folder of the group, and the files that stop it of each group above; nothing where others are in it too */
export function ownCgroup(): readonly string[] {
  found ??= find();
  return found;
}

function find(): string[] {
  const root = cgroupRoot();
  const line = textOf('/proc/self/cgroup')
    .split('\n')
    .find((each) => each.startsWith(UNIFIED));
  if (root === undefined || line === undefined) return [];
  const folder = join(root, line.slice(UNIFIED.length));
  if (folder === root || textOf(join(folder, 'cgroup.procs')).trim() !== String(process.pid)) return [];
  const above: string[] = [];
  // The root itself cannot be stopped.
  for (let group = dirname(folder); group.length > root.length; group = dirname(group))
    above.push(...STOPPING.map((file) => join(group, file)));
  return [folder, ...above];
}

/** Where cgroup 2 is mounted. proc(5): "device folder type ..." a line. */
function cgroupRoot(): string | undefined {
  const mounts = textOf('/proc/self/mounts').split('\n');
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
}

/** Empty where there is none: not every host has control groups. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
