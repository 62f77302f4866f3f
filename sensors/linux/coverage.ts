/** What each tier of the Linux sensor can and cannot see, said before anybody has to find out. */

import type { Coverage, SensorTier } from '../sensor.ts';

const SEEN_BY_ALL = ['process.fork', 'process.exec', 'process.exit', 'file.open', 'network.connect'];

const TRACEPOINT: readonly Coverage[] = [
  {
    subject: 'file.open that failed',
    state: 'claimed',
    reason:
      'a failed open has no file; its path is the argument as it stood in memory when the call returned',
  },
  {
    subject: 'file.open through io_uring',
    state: 'not_seen',
    reason:
      'this kernel refuses BPF trampolines, and io_uring makes no system call per open; use a kernel that allows them',
  },
  {
    subject: 'file.open by 32-bit system calls',
    state: 'not_seen',
    reason: 'the tracepoint tier reads the 64-bit table; use a kernel that allows BPF trampolines',
  },
];

export function coverageOf(tier: SensorTier): Coverage[] {
  const seen = SEEN_BY_ALL.map((subject): Coverage => ({ subject, state: 'seen', reason: '' }));
  return tier === 'tracepoint' ? [...seen, ...TRACEPOINT] : seen;
}
