import type { Event, EventName } from '../event.ts';

/**
 * Bytes of sealed records that may wait in memory for a disk that is slow or gives errors. 96 MiB are some 160,000
 * ordinary records; past it events are not sealed but counted, by kind, and the log states them as a gap.
 */
export const MAX_BACKLOG_BYTES = 96 * 1024 * 1024;

/** Kinds and sessions counted apart. Past it what is lost is counted by kind only, for no session. */
const MAX_COUNTS = 1_024;

/** Why events could not be taken: `spoor.gap.cause`. */
export type ShedCause = 'disk_full' | 'disk_error' | 'disk_slow';

export interface Gap {
  readonly cause: ShedCause;
  readonly event: EventName;
  /** Empty for events of no session. */
  readonly session: string;
  readonly count: number;
}

/**
 * What goes first when not all can be kept, as the part of the limit that its class may fill. Half is for what an
 * agent does by the thousand and what is summed up elsewhere; a quarter more for the other acts; the last quarter is
 * for what an investigation cannot do without: programs, connections, verdicts, and what Spoor says of itself.
 */
const FIRST_SHARE = 1 / 2;
const SECOND_SHARE = 3 / 4;

const FIRST: ReadonlySet<EventName> = new Set<EventName>([
  'file.open',
  'file.close',
  'file.attributes',
  'syscall',
  'syscall.histogram',
  'sensor.health',
]);

const LAST: ReadonlySet<EventName> = new Set<EventName>([
  'session.start',
  'session.end',
  'process.exec',
  'process.exec_failed',
  'process.exit',
  'network.connect',
  'policy.decision',
  'approval.decision',
  'finding',
  'finding.update',
  'baseline.exceeded',
  'agent.candidate',
  'sensor.gap',
  'sensor.coverage',
]);

function shareOf(name: EventName): number {
  if (FIRST.has(name)) return FIRST_SHARE;
  return LAST.has(name) || name.startsWith('log.') ? 1 : SECOND_SHARE;
}

/** Counts what is not sealed because the disk does not take what was, so that the log can state it. */
export class Shedding {
  readonly #counts = new Map<string, { -readonly [Key in keyof Gap]: Gap[Key] }>();
  #total = 0;

  /** Events shed since the log was opened. */
  get total(): number {
    return this.#total;
  }

  get untold(): boolean {
    return this.#counts.size > 0;
  }

  /** Whether an event may be sealed. When not, it is counted. */
  takes(event: Event, backlogBytes: number, limitBytes: number, cause: ShedCause): boolean {
    if (backlogBytes < limitBytes * FIRST_SHARE || backlogBytes < limitBytes * shareOf(event.name))
      return true;
    this.#total++;
    // A gap that is itself shed stands for as many events as it counts.
    const stated = event.name === 'sensor.gap' ? event.attributes : undefined;
    const name = (stated?.['spoor.gap.event'] as EventName | undefined) ?? event.name;
    this.#count(name, event.attributes['session.id'] ?? '', Number(stated?.['spoor.gap.count'] ?? 1), cause);
    return false;
  }

  /** What was counted since the last call. */
  take(): Gap[] {
    const gaps = [...this.#counts.values()];
    this.#counts.clear();
    return gaps;
  }

  #count(event: EventName, session: string, count: number, cause: ShedCause): void {
    const key = `${cause} ${event} ${session}`;
    const known = this.#counts.get(key);
    if (known) known.count += count;
    else if (session !== '' && this.#counts.size >= MAX_COUNTS) this.#count(event, '', count, cause);
    else this.#counts.set(key, { cause, event, session, count });
  }
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** What a gap is put down to, by the last trouble with the disk. */
export function shedCause(trouble: Error | undefined): ShedCause {
  if (!trouble) return 'disk_slow';
  return FULL.has((trouble as NodeJS.ErrnoException).code ?? '') ? 'disk_full' : 'disk_error';
}
