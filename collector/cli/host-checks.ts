/** What a host must have so that it can be watched, each with the knob that mends it. Read, not tried: the sensor tries. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deviceName } from '../file-identity.ts';

export interface Check {
  readonly subject: string;
  readonly state: 'good' | 'bad' | 'not_yet';
  /** What was found, and for what is bad the mend. */
  readonly detail: string;
}

/** capabilities(7): number, name and what it is for. */
const NEEDED_CAPABILITIES: readonly (readonly [bit: number, name: string, use: string])[] = [
  [2, 'CAP_DAC_READ_SEARCH', 'hash files of every user'],
  [12, 'CAP_NET_ADMIN', 'see what sockets send'],
  [19, 'CAP_SYS_PTRACE', 'read what processes run'],
  [21, 'CAP_SYS_ADMIN', 'find programs of the kernel by number'],
  [38, 'CAP_PERFMON', 'read kernel memory'],
  [39, 'CAP_BPF', 'load programs'],
];

const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';
const PINS = '/sys/fs/bpf';

/** @param keep where the service keeps its watch; undefined for nowhere */
export function hostChecks(keep: string | undefined): Check[] {
  const kept = keep === undefined ? [] : keptWatch(keep);
  return [capabilities(), kernelTypes(), lockdown(), securityModules(), cgroup2(), ...kept, leftovers(keep)];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // not mounted, or not for us: each caller says what that means
  }
}

function capabilities(): Check {
  const subject = 'rights';
  const effective = BigInt(`0x${/^CapEff:\s+(\S+)/m.exec(textOf('/proc/self/status') ?? '')?.[1] ?? 0}`);
  const missing = NEEDED_CAPABILITIES.filter(([bit]) => !(effective & (1n << BigInt(bit))));
  if (missing.length === 0) return { subject, state: 'good', detail: 'all capabilities that watching needs' };
  const named = missing.map(([, name, use]) => `${name} (${use})`).join(', ');
  return { subject, state: 'bad', detail: `without ${named}; use sudo, and no container that drops them` };
}

function kernelTypes(): Check {
  const subject = 'types';
  if (!existsSync(KERNEL_TYPES) || statSync(KERNEL_TYPES).size === 0)
    return {
      subject,
      state: 'bad',
      detail: `${KERNEL_TYPES} is ${existsSync(KERNEL_TYPES) ? 'empty' : 'missing'}; run a kernel built with CONFIG_DEBUG_INFO_BTF=y`,
    };
  return { subject, state: 'good', detail: `${KERNEL_TYPES}, ${statSync(KERNEL_TYPES).size} bytes` };
}

/** kernel_lockdown(7): "confidentiality" lets no program read kernel memory, which is how everything is read. */
function lockdown(): Check {
  const subject = 'lockdown';
  const mode = /\[(\w+)\]/.exec(textOf('/sys/kernel/security/lockdown') ?? '')?.[1];
  if (mode === 'confidentiality')
    return {
      subject,
      state: 'bad',
      detail: 'confidentiality: no program may read kernel memory; boot with lockdown=integrity',
    };
  return {
    subject,
    state: 'good',
    detail: mode ?? 'not told (securityfs is not mounted, or the kernel has none)',
  };
}

/** Only needed to refuse acts: seeing them goes without. */
function securityModules(): Check {
  const subject = 'lsm list';
  const list = textOf('/sys/kernel/security/lsm');
  if (list === undefined)
    return { subject, state: 'not_yet', detail: 'not told; mount -t securityfs none /sys/kernel/security' };
  if (list.split(',').includes('bpf')) return { subject, state: 'good', detail: list };
  return {
    subject,
    state: 'not_yet',
    detail: `${list}: without bpf nothing can be refused by it; boot with lsm=${list},bpf`,
  };
}

function cgroup2(): Check {
  const subject = 'cgroup2';
  const mounts = (textOf('/proc/self/mounts') ?? '').split('\n').map((line) => line.split(' '));
  const place = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (place) return { subject, state: 'good', detail: place };
  return {
    subject,
    state: 'bad',
    detail: 'mounted nowhere, so no packets are seen; mount -t cgroup2 none /sys/fs/cgroup',
  };
}

/** What is pinned for the service: it goes on watching while the service is restarted, and is no leftover. */
function keptWatch(keep: string): Check[] {
  if (!existsSync(keep)) return [];
  const subject = 'kept';
  const owner = lockerOf(keep);
  if (owner !== undefined)
    return [{ subject, state: 'good', detail: `${keep} is the watch of the service, process ${owner}` }];
  return [
    {
      subject,
      state: 'not_yet',
      detail: `${keep} goes on watching for a service that is stopped; start it, or end the watch: spoor service --end-watch`,
    },
  ];
}

/** Who has the flock of a folder (proc(5), /proc/locks: device and inode of each). */
function lockerOf(folder: string): string | undefined {
  const { dev, ino } = statSync(folder, { bigint: true });
  const device = deviceName(dev).replaceAll(/\d+/g, (part) => Number(part).toString(16).padStart(2, '0'));
  const place = `${device}:${ino}`;
  const lines = (textOf('/proc/locks') ?? '').split('\n').map((line) => line.split(/\s+/));
  return lines.find(([, kind, , , , file]) => kind === 'FLOCK' && file === place)?.[4];
}

/** What else bears our name there keeps running without a reader. */
function leftovers(keep: string | undefined): Check {
  const subject = 'leftovers';
  let names: string[] = [];
  try {
    names = readdirSync(PINS).filter((name) => name.startsWith('spoor') && join(PINS, name) !== keep);
  } catch {
    // No BPF file system, or not for us: then nothing is pinned that we could find.
  }
  if (names.length === 0)
    return { subject, state: 'good', detail: `nothing of Spoor's is left behind in ${PINS}` };
  const paths = names.map((name) => join(PINS, name));
  const used = paths.flatMap((path) => {
    const owner = lockerOf(path);
    return owner === undefined ? [] : [`${path} by process ${owner}`];
  });
  const dead = paths.filter((path) => lockerOf(path) === undefined);
  if (dead.length === 0) return { subject, state: 'good', detail: `in use: ${used.join(', ')}` };
  return { subject, state: 'bad', detail: `pinned by a process that has ended: rm -r ${dead.join(' ')}` };
}
