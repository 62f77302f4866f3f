/**
 * Processes outside that go on with a session's work: from when that is known they have a tag of the session's own,
 * by which the kernel reports them and all they make. The tag is not the tree's, so that the basis stays what it is.
 */

import type { SessionTag } from '../../sensors/event.ts';
import type { Attribution, Session } from '../session/session.ts';
import type { Handover } from './handover.ts';
import type { Process } from './processes.ts';

/** From here on tags are ours; callers' begin at 1, the sensor's own at 2^31. */
const FIRST_TAG = 2 ** 30;
const LAST_TAG = 2 ** 31 - 1;
/** Tags remembered, 500 B each. Past it the oldest is forgotten, and what still runs of it is nobody's. */
const MAX_TAGS = 8_192;
/**
 * Tagging walks the kernel's task list, 1 to 5 ms. What is handed over faster for long (a program that an agent built,
 * run in a loop) has its exec and exit told, and is not followed; the event says so.
 */
const MAX_PER_SECOND = 10;
const SECOND_NS = 1_000_000_000n;

export type FollowedSession = Session & Attribution;

export interface Followed {
  /** @returns what events of the process carry from now on; its tag is 0 where the kernel shall not follow it */
  begin(handover: Handover, process: Process, bootNs: bigint): FollowedSession;
  /** Has the kernel follow a process. False when it shall not, or the process has ended. */
  give(session: FollowedSession, process: Process): boolean;
  byTag(tag: SessionTag): FollowedSession | undefined;
  /** Whether a tag is of a kind that begins no session. */
  isOurs(tag: SessionTag): boolean;
}

/**
 * @param sessionById a session that has not ended
 * @param give tags a process and its descendants; false when it has ended already
 */
export function createFollowed(
  sessionById: (id: string) => Session | undefined,
  give: (pid: number, tag: SessionTag) => boolean,
): Followed {
  const sessions = new Map<SessionTag, FollowedSession>();
  let lastTag = FIRST_TAG - 1;
  let left = MAX_PER_SECOND;
  let countedNs = 0n;

  function mayGive(bootNs: bigint): boolean {
    if (bootNs - countedNs >= SECOND_NS) {
      countedNs = bootNs;
      left = MAX_PER_SECOND;
    }
    left -= 1;
    return left >= 0;
  }

  function nextTag(): SessionTag {
    lastTag = lastTag >= LAST_TAG ? FIRST_TAG : lastTag + 1;
    return lastTag;
  }

  function remember(session: FollowedSession): void {
    sessions.set(session.tag, session);
    if (sessions.size <= MAX_TAGS) return;
    const [oldest] = sessions.keys();
    if (oldest !== undefined) sessions.delete(oldest);
  }

  return {
    begin({ session, basis, evidence }, process, bootNs) {
      const live = sessionById(session.id);
      const followed: FollowedSession = {
        tag: mayGive(bootNs) ? nextTag() : 0,
        id: session.id,
        agent: session.agent,
        startedBy: live?.startedBy ?? 'recording',
        root: live?.root ?? process.ref,
        startBootNs: live?.startBootNs ?? bootNs,
        about: live?.about ?? {},
        basis,
        evidence,
      };
      if (followed.tag !== 0) remember(followed);
      return followed;
    },
    give: ({ tag }, { ref }) => tag !== 0 && give(ref.pid, tag),
    byTag: (tag) => sessions.get(tag),
    isOurs: (tag) => tag >= FIRST_TAG && tag <= LAST_TAG,
  };
}
