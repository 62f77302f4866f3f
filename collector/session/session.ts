/** A session: one AI agent's root process and everything that descends from it or acts for it. */

import type { ProcessRef, SessionTag } from '../../sensors/event.ts';
import type { Attributes } from '../event.ts';

export type StartedBy = 'run' | 'recognition' | 'recording';

/** Which AI agent it is, as far as its files tell. */
export interface AgentIdentity {
  readonly name: string;
  readonly version: string | undefined;
}

/** What is known of a session before its first program runs. */
export interface SessionPlan {
  readonly tag: SessionTag;
  readonly startedBy: StartedBy;
  readonly agent: AgentIdentity;
  /**
   * The tagged process that will become COMMAND by exec; what it does before that is Spoor's own doing. Undefined for
   * a session that begins with a program that was found.
   */
  readonly launcherPid: number | undefined;
  /** What session.start says beside: how the agent was recognised, for whom it acts, which session started it. */
  readonly about?: Attributes;
}

/**
 * exact: the kernel's own links lead from the session to the act (fork chain, both ends of a connection). inferred: a
 * hand-over through a daemon, a socket or a file, with its evidence. shared: by a daemon that serves others too.
 */
export type Basis = 'exact' | 'inferred' | 'shared' | 'unknown';

/** What an event says of the session that it belongs to, and how that is known. */
export interface Attribution {
  /** The session's. */
  readonly id: string;
  readonly agent: AgentIdentity;
  readonly basis: Basis;
  readonly evidence: string;
}

export interface Session {
  readonly tag: SessionTag;
  /** The root process's entity id; also the trace id. */
  readonly id: string;
  readonly startedBy: StartedBy;
  readonly agent: AgentIdentity;
  readonly root: ProcessRef;
  readonly about: Attributes;
  /** When its first program began, nanoseconds since boot. */
  readonly startBootNs: bigint;
}
