/** Events for a log under test, when nothing depends on what they say. */

import type { Event } from '../collector/event.ts';
import { newUid } from '../collector/uid.ts';

/** Opens of files with a path each. @param ending of the path, to make them long */
export function opens(count: number, ending = ''): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    name: 'file.open',
    uid: newUid(1_700_000_000_000),
    timeNs: 1n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes: { 'file.path': `/tmp/${i}${ending}` },
    seen: undefined,
  }));
}
