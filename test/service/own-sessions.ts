/** Which sessions are the test's: the host may have other agents, and the service sees them all. */

import type { PrintedEvent } from '../system/spoor.ts';

/** session.start of those whose command line names the test's folder, or that were begun in it. */
export function startsNaming(events: readonly PrintedEvent[], folder: string): PrintedEvent[] {
  return events.filter(
    ({ event_name, attributes }) =>
      event_name === 'session.start' &&
      [...(attributes['process.command_args'] ?? []), attributes['process.working_directory']]
        .join(' ')
        .includes(folder),
  );
}

/** All events of those sessions. */
export function eventsNaming(events: readonly PrintedEvent[], folder: string): PrintedEvent[] {
  const ids = new Set(startsNaming(events, folder).map(({ attributes }) => attributes['session.id']));
  return events.filter(({ attributes }) => ids.has(attributes['session.id']));
}
