import type { StoredCheckpoint } from '../log/journal.ts';
import { formatVkey, verifierKey } from '../log/note.ts';
import { adoptNextKey, type HostKey, HostKeyError, nextKey } from './hostkey.ts';

/**
 * The key to sign with: a crash may have come after the old key signed the new one and before the new one took its
 * place.
 * @throws HostKeyError when the key that the last checkpoint names as the next is not there
 */
export function finishRotation(hostKey: HostKey, last: StoredCheckpoint | undefined): HostKey {
  const named = last?.checkpoint.nextKey;
  const vkeyOf = (key: HostKey): string =>
    formatVkey(verifierKey(last?.checkpoint.origin ?? '', key.publicKey));
  if (named === undefined || named === vkeyOf(hostKey)) return hostKey;
  const next = nextKey(hostKey.directory);
  if (!next || vkeyOf(next) !== named)
    throw new HostKeyError(
      `${hostKey.directory}/next.key is not the key that the last checkpoint names as the next (${named}); restore it`,
    );
  adoptNextKey(hostKey.directory);
  return next;
}
