/** What a host must have so that it can be watched, each with the knob that mends it. Read, not tried: the sensor tries. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';

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

export function hostChecks(): Check[] {
  return [capabilities(), kernelTypes(), lockdown(), securityModules(), cgroup2(), pins()];
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

/** Spoor pins nothing: what bears its name there keeps running without a reader. */
function pins(): Check {
  const subject = 'leftovers';
  let names: string[] = [];
  try {
    names = readdirSync(PINS).filter((name) => name.startsWith('spoor'));
  } catch {
    // No BPF file system, or not for us: then nothing is pinned that we could find.
  }
  if (names.length === 0)
    return { subject, state: 'good', detail: `nothing of Spoor's is pinned in ${PINS}` };
  const paths = names.map((name) => `${PINS}/${name}`).join(' ');
  return { subject, state: 'bad', detail: `pinned by a process that has ended: rm -r ${paths}` };
}
