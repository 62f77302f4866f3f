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
    subject: 'requests of io_uring that make no completion',
    state: 'claimed',
    reason:
      'one with IOSQE_CQE_SKIP_SUCCESS is told by its name, as done unless it is seen to fail; all others are told by their results',
  },
];

const LSM: readonly Coverage[] = [
  {
    subject: 'file.open and changes of names that lead nowhere',
    state: 'claimed',
    reason: 'there is no file; the path is the argument, joined to the directory it starts from',
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
  tracepoint_datagram_first: {
    subject: 'network.connect of the first datagram of a socket',
    state: 'not_seen',
    reason:
      'this kernel does not tell a program of packets who sends one; the bytes are told when the socket is closed, without a peer',
  },
  both_packet_named: {
    subject: 'dns.query and tls.hello of processes outside every session',
    state: 'not_seen',
    reason: 'cgroup 2 is mounted nowhere; mount it: mount -t cgroup2 none /sys/fs/cgroup',
  },
  both_packet_out: {
    subject: 'dns.query and tls.hello',
    state: 'not_seen',
    reason: 'cgroup 2 is mounted nowhere; mount it: mount -t cgroup2 none /sys/fs/cgroup',
  },
};

/** Places that every kernel has that is known here; one may refuse them all the same. */
const REFUSED: { readonly [program: string]: string } = {
  both_signal: 'security.signal',
  both_sock_state: 'network.connect and network.listen of TCP',
  both_sock_destroyed: 'network.connect given up before its outcome',
  both_packet_in: 'dns.query: answers',
  tracepoint_uring_complete: 'acts through io_uring',
};

/** What is lost, or only claimed, where a hook of the tier lsm cannot be had. */
const WITHOUT_HOOK: { readonly [program: string]: Omit<Coverage, 'reason'> } = {
  lsm_open: { subject: 'file.open through io_uring and by 32-bit system calls', state: 'not_seen' },
  lsm_open_refused: { subject: 'file.open that was refused', state: 'claimed' },
  lsm_open_root: { subject: 'file.open by handle and 32-bit system calls', state: 'not_seen' },
  lsm_descriptor: { subject: 'file.close: at the close, before the end of the process', state: 'not_seen' },
  lsm_rename: { subject: 'file.rename', state: 'claimed' },
  lsm_link: { subject: 'file.link', state: 'claimed' },
  lsm_symlink: { subject: 'file.link of symbolic links', state: 'claimed' },
  lsm_unlink: { subject: 'file.delete', state: 'claimed' },
  lsm_rmdir: { subject: 'file.delete of directories', state: 'claimed' },
  lsm_mkdir: { subject: 'file.create of directories', state: 'claimed' },
  lsm_mknod: { subject: 'file.create by mknod', state: 'claimed' },
  lsm_chmod: { subject: 'file.attributes: mode', state: 'claimed' },
  lsm_chown: { subject: 'file.attributes: owner', state: 'claimed' },
  lsm_truncate: { subject: 'file.truncate', state: 'claimed' },
  lsm_times: { subject: 'file.attributes: times', state: 'claimed' },
  lsm_want_write: { subject: 'file.attributes: xattr', state: 'claimed' },
  lsm_set_attribute: { subject: 'file.attributes: xattr', state: 'claimed' },
  lsm_sent: { subject: 'network.close: bytes sent', state: 'not_seen' },
  lsm_received: { subject: 'network.close: bytes received', state: 'not_seen' },
  lsm_datagram_first: { subject: 'dns.query over UDP, datagrams by their peers', state: 'not_seen' },
  lsm_uring_begin: { subject: 'acts through io_uring', state: 'not_seen' },
  lsm_uring_end: { subject: 'acts through io_uring', state: 'not_seen' },
  lsm_uring_complete: { subject: 'acts on open files and sockets through io_uring', state: 'not_seen' },
};

/** Tracepoints that came later; before, hooks of the tier lsm do the same (addon/programs.c). */
const REPLACED: readonly string[] = ['both_sock_sent', 'both_sock_received'];

function withoutHook(program: string, errno: number): Coverage[] {
  const refused = REFUSED[program];
  const lost =
    WITHOUT_HOOK[program] ??
    (refused && ({ subject: refused, state: 'not_seen' } satisfies Omit<Coverage, 'reason'>));
  if (!lost) return [];
  const cause = errno === 0 ? 'has no place for' : `refused (errno ${errno})`;
  return [{ ...lost, reason: `this kernel ${cause} the program ${program}` }];
}

/** Why a program does not run here, and the mend where there is one. */
export function whyMissing(program: string, errno: number): string {
  return (ABSENT[program] ?? withoutHook(program, errno)[0])?.reason ?? `this kernel takes no ${program}`;
}

/** What the tier is, why, and what it found. */
export interface CoveredBy {
  readonly tier: LinuxTier;
  readonly tierReason: string;
  /** Programs that do not run here, by name, with the errno of the kernel's refusal; 0: it has no place for them. */
  readonly missing: Readonly<Record<string, number>>;
}

export function coverageOf({ tier, tierReason, missing }: CoveredBy): Coverage[] {
  const gaps = Object.entries(missing).flatMap(([program, errno]) =>
    tier === 'lsm' && REPLACED.includes(program) ? [] : (ABSENT[program] ?? withoutHook(program, errno)),
  );
  const isMissing = (subject: string) => gaps.some((gap) => gap.subject.startsWith(subject));
  const seen = SEEN_BY_ALL.filter((subject) => !isMissing(subject)).map(
    (subject): Coverage => ({ subject, state: 'seen', reason: '' }),
  );
  if (tier === 'lsm') return [...seen, ...gaps, ...LSM];
  const lower: Coverage = {
    subject: 'tier lsm',
    state: 'not_seen',
    reason: `${tierReason}; what only that tier sees is listed here`,
  };
  return [...seen, ...gaps, lower, ...TRACEPOINT];
}
