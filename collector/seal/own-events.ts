import type { Attributes, Event } from '../event.ts';
import type { VerifierKey } from '../log/note.ts';
import { newUid } from '../uid.ts';
import type { HostKey } from './hostkey.ts';
import type { Pruning } from './prune.ts';
import type { Recovered } from './recover.ts';
import type { Gap } from './shed.ts';

/** What the log says about itself. */

const INFO = 9;
const WARN = 13;

/** The first record of each opening: how the log was found, and which key signs from here. */
export function openEvent(
  { last, recovered, cutBytes }: Recovered,
  key: VerifierKey,
  hostKey: HostKey,
  hostId: string,
): Event {
  const [, loggedHost] = key.name.split('/');
  const isNew = last === undefined && recovered === 0 && cutBytes === 0;
  const orderly = last?.checkpoint.state === 'closed' && recovered === 0 && cutBytes === 0;
  return ownEvent('log.open', (isNew || orderly) && loggedHost === hostId ? INFO : WARN, {
    // The origin never changes, so this host has been given the state folder of another, or another id.
    'spoor.log.host': loggedHost === hostId ? undefined : hostId,
    'spoor.log.previous_end': isNew ? 'none' : orderly ? 'closed' : 'interrupted',
    'spoor.log.previous_size': last?.checkpoint.size ?? 0,
    'spoor.log.recovered': recovered,
    'spoor.log.cut_bytes': cutBytes,
    'spoor.log.key_id': key.keyId,
    'spoor.log.key_protection': hostKey.protection,
  });
}

/** What stands in for an event that could not be encoded. */
export function refusedEvent(event: Event): Event {
  return ownEvent('sensor.gap', WARN, {
    'spoor.gap.event': event.name,
    'spoor.gap.count': 1,
    'spoor.gap.cause': 'refused',
  });
}

/** What was not sealed while the disk took nothing. */
export function gapEvent({ cause, event, session, count }: Gap): Event {
  return ownEvent('sensor.gap', WARN, {
    'session.id': session === '' ? undefined : session,
    'spoor.gap.event': event,
    'spoor.gap.count': count,
    'spoor.gap.cause': cause,
  });
}

export function keyEvent(previous: VerifierKey, next: VerifierKey, protection: HostKey['protection']): Event {
  return ownEvent('log.key', WARN, {
    'spoor.log.key_id': next.keyId,
    'spoor.log.key_protection': protection,
    'spoor.log.previous_key_id': previous.keyId,
  });
}

/** @param from first record there was before @param shipped records that every destination has */
export function pruneEvent({ reason, first, bytes }: Pruning, from: number, shipped: number): Event {
  const unshipped = Math.max(0, first - Math.max(from, shipped));
  return ownEvent('log.prune', unshipped > 0 ? WARN : INFO, {
    'spoor.log.prune_reason': reason,
    'spoor.log.pruned_from': from,
    'spoor.log.pruned_to': first,
    'spoor.log.pruned_bytes': bytes,
    'spoor.log.pruned_unshipped': unshipped,
  });
}

function ownEvent(name: Event['name'], severity: number, attributes: Attributes): Event {
  const timeNs = nowNs();
  return {
    name,
    uid: newUid(Number(timeNs / 1_000_000n)),
    timeNs,
    severity,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}

/** The wall clock, in Unix epoch nanoseconds; it has milliseconds. */
export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
