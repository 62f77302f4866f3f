/**
 * A hand-over: work of a session goes on in a process outside its tree. What the ways on which that happens have in
 * common, and the event that tells it.
 */

import type { Attributes } from '../event.ts';
import type { AgentIdentity, Basis } from '../session/session.ts';
import type { Process } from './processes.ts';

/** The process of the session that gave work away, as far as it is still known. */
export interface Giver {
  readonly entityId: string;
  readonly pid: number;
  readonly executable: string | undefined;
}

export interface Handover {
  readonly way: 'unix_socket' | 'loopback' | 'written_file';
  readonly session: { readonly id: string; readonly agent: AgentIdentity };
  readonly giver: Giver;
  readonly basis: Basis;
  /** What the join rests on, for a person. */
  readonly evidence: string;
  /**
   * joins: the process does the session's work and nothing else, so it and its descendants count to the session.
   * serves: it does that of others too; the session's part in what it does cannot be told apart.
   */
  readonly taker: 'joins' | 'serves';
  /** From the session's act to the process taking it over. */
  readonly delayNs: bigint;
  /** The file, socket or connection it went by. */
  readonly about: Attributes;
}

export function giverOf(process: Process): Giver {
  return {
    entityId: process.entityId,
    pid: process.ref.pid,
    executable: process.program?.executablePath,
  };
}

/** @param followed whether the kernel reports from now on what the process does */
export function describeHandover(
  handover: Handover,
  bootNs: bigint,
  taker: Process,
  followed: boolean,
): Attributes {
  const { session, giver } = handover;
  return {
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.entity_id': giver.entityId,
    'process.executable.name': giver.executable?.slice(giver.executable.lastIndexOf('/') + 1),
    'process.executable.path': giver.executable,
    'process.pid': giver.pid,
    'session.id': session.id,
    'spoor.event.boot_ns': bootNs,
    'spoor.handover.delay': handover.delayNs,
    'spoor.handover.followed': followed,
    'spoor.handover.way': handover.way,
    'spoor.session.basis': handover.basis,
    'spoor.session.evidence': handover.evidence,
    'spoor.target.entity_id': taker.entityId,
    'spoor.target.executable': taker.program?.executablePath,
    'spoor.target.pid': taker.ref.pid,
    ...handover.about,
  };
}
