/**
 * Identities that outlive a pid. All are worked out from what the kernel says, so a replay gives the same ones:
 * boot id + pid + start time name a process for ever; the session is the trace, the process the span.
 */

import { createHash } from 'node:crypto';
import type { ProcessRef } from '../../sensors/event.ts';

/** 32 lower-case hexadecimal characters. The root process's entity id is also its session's id and trace id. */
export type EntityId = string;

/** Half of a SHA-256: 128 bits, which OpenTelemetry also gives a trace id. */
const ENTITY_ID_CHARACTERS = 32;
/** OpenTelemetry's span id is 8 bytes. */
const SPAN_ID_CHARACTERS = 16;

/** `process.entity_id`: SHA-256 of "BOOT_ID PID START_NS", cut to 128 bits. */
export function entityIdOf(bootId: string, process: ProcessRef): EntityId {
  return createHash('sha256')
    .update(`${bootId} ${process.pid} ${process.startNs}`)
    .digest('hex')
    .slice(0, ENTITY_ID_CHARACTERS);
}

export function spanIdOf(entityId: EntityId): string {
  return entityId.slice(0, SPAN_ID_CHARACTERS);
}
