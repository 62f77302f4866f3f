/** Which session each live process of a session is of, from the kernel's forks and exits; and when others began. */

import { readFileSync } from 'node:fs';
import type { ProcessRef, SessionTag } from '../event.ts';
import { RECORD } from './generated/layout.ts';
import type { Batch } from './record.ts';

/** Ticks of /proc/<pid>/stat: USER_HZ, 100 a second on every architecture of Linux but alpha. */
const TICK_NS = 10_000_000n;
/** Field 22 of /proc/<pid>/stat, counted from behind the name in parentheses, which may hold anything. */
const START_FIELD = 19;

export class SessionProcesses {
  readonly #sessions = new Map<number, SessionTag>();
  readonly #counts = new Map<SessionTag, number>();

  /** A process of a session began, or was tagged. */
  add(pid: number, session: SessionTag): void {
    this.remove(pid);
    this.#sessions.set(pid, session);
    this.#counts.set(session, (this.#counts.get(session) ?? 0) + 1);
  }

  addForked(batch: Batch, at: number): void {
    this.add(batch.view.getUint32(at + RECORD.pid, true), batch.view.getUint32(at + RECORD.session, true));
  }

  /** Returns the session that ends with this exit, its last process; 0 for none. */
  removeExited(batch: Batch, at: number): SessionTag {
    const session = batch.view.getUint32(at + RECORD.session, true);
    if (session === 0) return 0;
    this.remove(batch.view.getUint32(at + RECORD.pid, true));
    return this.#counts.has(session) ? 0 : session;
  }

  sessionOf(process: ProcessRef): SessionTag {
    return this.#sessions.get(process.pid) ?? 0;
  }

  /** When the process that has this pid now began, to a tick; 0 when there is none. */
  startOf(pid: number): bigint {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD] ?? 0) * TICK_NS;
    } catch (error) {
      if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code)))
        return 0n;
      throw error;
    }
  }

  /** It is gone, or of no session any more. */
  remove(pid: number): void {
    const session = this.#sessions.get(pid);
    if (session === undefined) return;
    this.#sessions.delete(pid);
    const left = (this.#counts.get(session) ?? 1) - 1;
    if (left > 0) this.#counts.set(session, left);
    else this.#counts.delete(session);
  }
}
