import type { Event } from '../event.ts';
import { checkpointHash } from '../log/checkpoint.ts';
import type { StoredCheckpoint } from '../log/journal.ts';
import { encodeLeaf } from '../seal/encode.ts';

const INFO = 9;
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A checkpoint as a log.checkpoint record. It is no leaf of the log: it is sent after the records it covers, so
 * that a SIEM's copy can be verified with the public key alone. The same checkpoint is the same bytes for ever.
 */
export function encodeCheckpointRecord(stored: StoredCheckpoint): Buffer {
  const { checkpoint, note, text } = stored;
  const timeNs = BigInt(Date.parse(checkpoint.time)) * 1_000_000n;
  const event: Event = {
    name: 'log.checkpoint',
    uid: uidOf(timeNs / 1_000_000n, checkpointHash(note.text)),
    timeNs,
    severity: INFO,
    traceId: '',
    spanId: '',
    attributes: {
      'spoor.checkpoint.note': text,
      'spoor.checkpoint.number': checkpoint.number,
      'spoor.checkpoint.size': checkpoint.size,
    },
    seen: undefined,
  };
  return encodeLeaf(event, 0, timeNs);
}

/** A ULID whose 80 free bits come from the checkpoint's hash, so a repeated checkpoint has the uid it had. */
function uidOf(timeMs: bigint, hash: string): string {
  let bits = (timeMs << 80n) | BigInt(`0x${hash.slice(0, 20)}`);
  let uid = '';
  for (let digit = 0; digit < 26; digit++) {
    uid = BASE32[Number(bits & 31n)] + uid;
    bits >>= 5n;
  }
  return uid;
}
