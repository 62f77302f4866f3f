/** What leaves a session's tree without a session.handover: no sensor tells it, on any host (docs/handovers.md). */

import type { Coverage } from '../../sensors/sensor.ts';

export const HANDOVER_COVERAGE: readonly Coverage[] = [
  {
    subject: 'session.handover by a file that a program outside opens by itself',
    state: 'not_seen',
    reason:
      'of processes outside every session only execs and exits are told: no start-up file, no imported module',
  },
  {
    subject: 'session.handover by a copy that was made outside',
    state: 'not_seen',
    reason: 'a file is known by device, inode and generation, and the copy is another file',
  },
  {
    subject: 'session.handover to what a daemon does without starting a program, or later than ten seconds',
    state: 'not_seen',
    reason: 'only the daemon is named, as shared: nothing says for whom it acts',
  },
  {
    subject: 'session.handover by a connection whose addresses are translated',
    state: 'not_seen',
    reason: 'its two ends do not have the same addresses and ports',
  },
];
