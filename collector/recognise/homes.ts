/** Home folders of this host's users, from /etc/passwd and the usual places. */

import type { ProcessFiles } from './process-files.ts';

/** Homes looked at. A host with more is a directory server's client; what lies past it is told by inventory as not looked at. */
export const MAX_HOMES = 2_000;

export interface Home {
  readonly path: string;
  readonly userId: number | undefined;
  readonly userName: string | undefined;
}

/** Homes of system accounts hold no person's programs: /, /bin, /dev/null, /nonexistent, /run/..., /proc/... */
const NO_HOME = /^(?:|\/|\/(?:bin|dev|nonexistent|proc|run|sbin|sys|usr)(?:\/.*)?)$/;

/**
 * Every home there is: those of /etc/passwd, and folders of /home that belong to users of a directory service, whom
 * the file does not name.
 */
export function homesOf(files: ProcessFiles): Home[] {
  const homes = new Map<string, Home>();
  for (const line of (files.readText('/etc/passwd') ?? '').split('\n')) {
    const [userName, , id, , , path] = line.split(':');
    if (!userName || !id || !path || NO_HOME.test(path) || homes.has(path)) continue;
    if (files.stamp(path)?.isDirectory) homes.set(path, { path, userName, userId: Number(id) });
  }
  for (const parent of ['/home', '/var/home']) {
    for (const name of files.list(parent)) {
      const path = `${parent}/${name}`;
      const stamp = homes.has(path) ? undefined : files.stamp(path);
      if (stamp?.isDirectory) homes.set(path, { path, userName: name, userId: stamp.ownerId });
    }
  }
  if (!homes.has('/root') && files.stamp('/root')?.isDirectory)
    homes.set('/root', { path: '/root', userName: 'root', userId: 0 });
  return [...homes.values()].slice(0, MAX_HOMES);
}

/** Home of a user id, for ExecFacts.home. Read once; call again after passwd changed. */
export function createHomeOf(files: ProcessFiles): (userId: number) => string | undefined {
  const byId = new Map<number, string>();
  for (const { userId, path } of homesOf(files))
    if (userId !== undefined && !byId.has(userId)) byId.set(userId, path);
  return (userId) => byId.get(userId);
}
