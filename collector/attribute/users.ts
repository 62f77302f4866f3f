/** Names of user ids on this host, from /etc/passwd. */

import { readFileSync, statSync } from 'node:fs';

/** How old the knowledge of the file's state may be. A stat costs 3 µs, so once a second is nothing. */
const CHECK_INTERVAL_MS = 1_000;
/** A larger file is not read whole on the event's way: no names then, which costs an attribute and no event. */
const MAX_FILE_BYTES = 16 * 2 ** 20;

/**
 * Answers `name of this uid`, undefined where the file has none (a user of a directory service, of a container).
 * Reads the file again when it changed. A file that cannot be read gives no names; identity never hangs on a name.
 */
export function createUserNames(
  file = '/etc/passwd',
  nowMs: () => number = Date.now,
): (uid: number) => string | undefined {
  let names = new Map<number, string>();
  let version = '';
  let checkedMs = Number.NEGATIVE_INFINITY;

  function refresh(): void {
    try {
      const state = statSync(file);
      const now = `${state.ino} ${state.mtimeMs} ${state.ctimeMs} ${state.size}`;
      if (now === version) return;
      names = state.size > MAX_FILE_BYTES ? new Map() : parsePasswd(readFileSync(file, 'latin1'));
      version = now;
    } catch {
      // Absent or unreadable (a minimal image, a strict policy): events go without user names until it is there.
      names = new Map();
      version = '';
    }
  }

  return function nameOf(uid) {
    const now = nowMs();
    if (now - checkedMs >= CHECK_INTERVAL_MS) {
      checkedMs = now;
      refresh();
    }
    return names.get(uid);
  };
}

/** passwd(5): name:password:UID:GID:GECOS:directory:shell. The first name of a uid is the one getpwuid(3) gives. */
function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (!name || !uid || !/^\d+$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
