/** What every event of a session says of who acted. */

import type { Attributes } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import type { Process } from './processes.ts';

/** What the attribution of a tagged process rests on: the kernel copied the tag at fork. */
export const FORK_CHAIN = 'fork chain';

export function actorOf(
  seen: { readonly bootNs: bigint; readonly threadId: number },
  session: Attribution,
  process: Process,
): Attributes {
  return {
    'gen_ai.agent.name': session.agent.name,
    'gen_ai.agent.version': session.agent.version,
    'process.creation.time': process.creationTime,
    'process.entity_id': process.entityId,
    'process.executable.name': process.program?.executableName,
    'process.executable.path': process.program?.executablePath,
    'process.parent.entity_id': process.creatorEntityId,
    'process.parent_pid': process.creator?.pid,
    'process.pid': process.ref.pid,
    'process.user.id': process.userId,
    'process.user.name': process.userName,
    'session.id': session.id,
    'spoor.event.boot_ns': seen.bootNs,
    'spoor.session.basis': session.basis,
    'spoor.session.evidence': session.evidence,
    'thread.id': seen.threadId,
  };
}
