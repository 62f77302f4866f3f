/** What each tier of the Linux sensor can and cannot see, said before anybody has to find out. */

import type { Coverage } from '../sensor.ts';
import type { LinuxTier } from './sensor.ts';

const SEEN_BY_ALL = [
  'process.fork',
  'process.exec',
  'process.exec_failed',
  'process.exit',
  'file.open',
  'file.close',
  'network.connect',
  'network.accept',
  'network.listen',
  'network.close',
  'network.raw',
  'unix.connect',
  'dns.query',
  'tls.hello',
  'security',
  'syscall',
];

const TRACEPOINT: readonly Coverage[] = [
  {
    subject: 'file.open that failed',
    state: 'claimed',
    reason:
      'a failed open has no file; its path is the argument as it stood in memory when the call returned',
  },
  {
    subject: 'file.create, .delete, .rename, .link, .attributes and .truncate by name',
    state: 'claimed',
    reason:
      'their paths are the arguments as they stood in memory when the call returned; by descriptor they are resolved',
  },
  {
    subject: 'file.open through io_uring',
    state: 'not_seen',
    reason:
      'this kernel refuses BPF trampolines, and io_uring makes no system call per open; use a kernel that allows them',
  },
];

/** What is not seen where a program has no place on the kernel. */
const ABSENT: { readonly [program: string]: Coverage } = {
  both_sock_sent: {
    subject: 'network.close: bytes sent',
    state: 'not_seen',
    reason: 'this kernel has no tracepoint sock_send_length (6.3) and the tier no hook in its place',
  },
  both_sock_received: {
    subject: 'network.close: bytes received',
    state: 'not_seen',
    reason: 'this kernel has no tracepoint sock_recv_length (6.3) and the tier no hook in its place',
  },
  both_sock_release: {
    subject: 'network.close',
    state: 'not_seen',
    reason: 'cgroup 2 is mounted nowhere; mount it: mount -t cgroup2 none /sys/fs/cgroup',
  },
  both_packet_out: {
    subject: 'dns.query and tls.hello',
    state: 'not_seen',
    reason: 'cgroup 2 is mounted nowhere; mount it: mount -t cgroup2 none /sys/fs/cgroup',
  },
};

/** What the tier is, why, and what it found. */
export interface CoveredBy {
  readonly tier: LinuxTier;
  readonly tierReason: string;
  /** Names of programs that this kernel has no place for. */
  readonly absent: readonly string[];
}

export function coverageOf({ tier, tierReason, absent }: CoveredBy): Coverage[] {
  const missing = absent.flatMap((program) => ABSENT[program] ?? []);
  const isMissing = (subject: string) => missing.some((gap) => gap.subject.startsWith(subject));
  const seen = SEEN_BY_ALL.filter((subject) => !isMissing(subject)).map(
    (subject): Coverage => ({ subject, state: 'seen', reason: '' }),
  );
  if (tier === 'lsm') return [...seen, ...missing];
  const lower: Coverage = {
    subject: 'tier lsm',
    state: 'not_seen',
    reason: `${tierReason}; what only that tier sees is listed here`,
  };
  return [...seen, ...missing, lower, ...TRACEPOINT];
}
