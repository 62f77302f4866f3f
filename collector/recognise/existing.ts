/** Sessions of agents that run already when the watch begins: their roots, and every process of their trees. */

import type { Recognition } from './recognition.ts';
import { type AroundSession, sessionFor } from './session.ts';

export interface ExistingProcess {
  readonly pid: number;
  readonly parentPid: number;
}

export interface ExistingSession {
  readonly rootPid: number;
  readonly recognition: Recognition;
  /** Root of the session around it. */
  readonly parentRootPid: number | undefined;
  /** The root first; members of nested sessions are not among them. */
  readonly pids: readonly number[];
}

/**
 * What began before the watch is decided as if it had been seen: parents before children, each as if its parent's
 * present program had started it. That is inferred, not seen: a parent may have exec-ed since, and what was handed to
 * init stands alone. Say so with the session (basis `inferred`), and that events before the tag are unseen.
 *
 * @param recognise the recogniser's answer for a process, told which agent's application its parent is
 */
export function existingSessions(
  processes: readonly ExistingProcess[],
  recognise: (pid: number, startedByApp: string | undefined) => Recognition | undefined,
): ExistingSession[] {
  const children = new Map<number, number[]>();
  const pids = new Set(processes.map(({ pid }) => pid));
  const roots: number[] = [];
  for (const { pid, parentPid } of processes) {
    if (!pids.has(parentPid) || parentPid === pid) roots.push(pid);
    else children.set(parentPid, [...(children.get(parentPid) ?? []), pid]);
  }
  const sessions = new Map<string, ExistingSession & { pids: number[] }>();
  const waiting = roots.map((pid) => ({
    pid,
    caller: undefined as Recognition | undefined,
    around: undefined as AroundSession | undefined,
  }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { pid, caller, around } = next;
    const recognition = recognise(pid, caller?.verdict === 'app' ? caller.agent : undefined);
    const decision = sessionFor(around, recognition, { recognition: caller });
    let session = around;
    if (recognition && (decision.kind === 'new' || decision.kind === 'nested')) {
      session = { id: String(pid), agent: recognition.agent };
      const parentRootPid = around ? Number(around.id) : undefined;
      sessions.set(session.id, { rootPid: pid, recognition, parentRootPid, pids: [] });
    }
    if (session) sessions.get(session.id)?.pids.push(pid);
    for (const child of children.get(pid) ?? [])
      waiting.push({ pid: child, caller: recognition, around: session });
  }
  return [...sessions.values()];
}
