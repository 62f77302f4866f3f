/** What each tier of the Linux sensor can and cannot see, said before anybody has to find out. */

import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { Coverage } from '../sensor.ts';
import type { MissingProgram } from './native.ts';
import type { LinuxTier } from './sensor.ts';

const { ENOENT } = constants.errno;

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

/** By neither tier, on any kernel. */
const BEYOND: readonly Coverage[] = [
  {
    subject: 'tls.hello of QUIC',
    state: 'not_seen',
    reason:
      'the ClientHello of QUIC is inside an encrypted packet (RFC 9001), which is not opened; its flow and bytes, and the DNS question for its host, are told',
  },
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

type Without = Omit<Coverage, 'reason'>;

/** How the programs that refuse are called (bpf/lsm_guard.h). */
export const GUARDS = 'lsm_guard_';
const REFUSAL = 'an act on Spoor itself, refused before it happens';

const unseen = (subject: string): Without => ({ subject, state: 'not_seen' });
const claimed = (subject: string): Without => ({ subject, state: 'claimed' });

/** What is lost, or only claimed, where a program cannot be had. */
const WITHOUT: { readonly [program: string]: Without } = {
  both_cgroup_attach: unseen('security.resources: control groups'),
  both_signal: unseen('security.signal'),
  both_sock_state: unseen('network.connect of TCP and network.listen of TCP'),
  both_sock_destroyed: unseen('network.connect given up before its outcome'),
  both_sock_sent: unseen('network.close: bytes sent'),
  both_sock_received: unseen('network.close: bytes received'),
  both_sock_release: unseen('network.close'),
  both_packet_out: unseen('dns.query and tls.hello'),
  both_packet_in: unseen('dns.query: answers'),
  both_packet_named: unseen('dns.query and tls.hello of processes outside every session'),
  tracepoint_datagram_first: unseen('network.connect of the first datagram of a socket'),
  tracepoint_uring_complete: unseen('acts through io_uring'),
  lsm_open: unseen('file.open through io_uring or by 32-bit system calls'),
  lsm_open_refused: claimed('file.open that was refused'),
  lsm_open_root: unseen('file.open by handle or 32-bit system calls'),
  lsm_descriptor: unseen('file.close: at the close, before the end of the process'),
  lsm_rename: claimed('file.rename'),
  lsm_link: claimed('file.link'),
  lsm_symlink: claimed('file.link of symbolic links'),
  lsm_unlink: claimed('file.delete'),
  lsm_rmdir: claimed('file.delete of directories'),
  lsm_mkdir: claimed('file.create of directories'),
  lsm_mknod: claimed('file.create by mknod'),
  lsm_chmod: claimed('file.attributes: mode'),
  lsm_chown: claimed('file.attributes: owner'),
  lsm_truncate: claimed('file.truncate'),
  lsm_times: claimed('file.attributes: times'),
  lsm_want_write: claimed('file.attributes: xattr'),
  lsm_set_attribute: claimed('file.attributes: xattr'),
  lsm_sent: unseen('network.close: bytes sent'),
  lsm_received: unseen('network.close: bytes received'),
  lsm_datagram_first: unseen('dns.query over UDP, datagrams by their peers'),
  lsm_uring_begin: unseen('acts through io_uring'),
  lsm_uring_end: unseen('acts through io_uring'),
  lsm_uring_complete: unseen('acts on open files and sockets through io_uring'),
};

/** Where the kernel has no place for a program, another does the same: the one came before or after the other. */
const INSTEAD_OF: { readonly [program: string]: string } = {
  both_sock_sent: 'lsm_sent',
  both_sock_received: 'lsm_received',
  lsm_truncate_file: 'lsm_truncate',
  lsm_guard_flags_compat: 'lsm_guard_flags',
  tracepoint_uring_submit: 'tracepoint_uring_submit_sqe',
  tracepoint_uring_submit_sqe: 'tracepoint_uring_submit',
};

/** Why the kernel has no place for a program, where more is known than that. */
const NO_PLACE: { readonly [program: string]: string } = {
  both_sock_sent: 'this kernel has no tracepoint sock_send_length (6.3) and the tier no hook in its place',
  both_sock_received:
    'this kernel has no tracepoint sock_recv_length (6.3) and the tier no hook in its place',
  tracepoint_datagram_first:
    'this kernel does not tell a program of packets who sends one; the bytes are told when the socket is closed, without a peer',
};

/** Why a program does not run here, and the mend where there is one. */
export function whyMissing(program: string, { hook, errno }: MissingProgram): string {
  if (errno === 0) return NO_PLACE[program] ?? `this kernel has no ${hook} (${program})`;
  if (errno === ENOENT && hook.startsWith('cgroup'))
    return 'cgroup 2 is mounted nowhere; mount it: mount -t cgroup2 none /sys/fs/cgroup';
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'it gave no reason'];
  return `this kernel refused ${hook} (${program}): ${text} (${name})`;
}

/** What a missing program would see is not told, or only as claimed; also of one that nobody listed here. */
function gapOf(program: string, why: MissingProgram): Coverage {
  const known = WITHOUT[program] ?? unseen(program.startsWith(GUARDS) ? REFUSAL : `what ${program} sees`);
  return { ...known, reason: whyMissing(program, why) };
}

/** What the tier is, why, and what it found. */
export interface CoveredBy {
  readonly tier: LinuxTier;
  readonly tierReason: string;
  /** Programs that do not run here, by name. */
  readonly missing: Readonly<Record<string, MissingProgram>>;
}

export function coverageOf({ tier, tierReason, missing }: CoveredBy): Coverage[] {
  const gaps = missingOf(tier, missing).map((program) => gapOf(program, missing[program] as MissingProgram));
  const seen = SEEN_BY_ALL.flatMap((subject) => whatRemains(subject, gaps));
  if (tier === 'lsm') return [...seen, ...gaps, ...LSM, ...BEYOND];
  const lower: Coverage = {
    subject: 'tier lsm',
    state: 'not_seen',
    reason: `${tierReason}; what only that tier sees is listed here`,
  };
  return [...seen, ...gaps, lower, ...TRACEPOINT, ...BEYOND];
}

/** Those of the missing programs that no other makes up for. */
export function missingOf(tier: LinuxTier, missing: CoveredBy['missing']): string[] {
  return Object.entries(missing)
    .filter(([program, { errno }]) => errno !== 0 || !isReplaced(program, tier, missing))
    .map(([program]) => program);
}

function isReplaced(program: string, tier: LinuxTier, missing: CoveredBy['missing']): boolean {
  const other = INSTEAD_OF[program];
  return other?.startsWith(tier) === true && !(other in missing);
}

/** One subject that is seen, with the parts of it that are not; none, where a gap is all of it. */
function whatRemains(subject: string, gaps: readonly Coverage[]): Coverage[] {
  const parts = gaps.flatMap((gap) =>
    gap.subject.split(' and ').map((part) => ({ part, isAll: part === subject && gap.state === 'not_seen' })),
  );
  if (parts.some(({ isAll }) => isAll)) return [];
  const less = parts.map(({ part }) => part).filter((part) => part.startsWith(subject));
  return [{ subject, state: 'seen', reason: less.length === 0 ? '' : `all but ${less.join('; ')}` }];
}
