/**
 * Ends sessions: one is over when no process of it is left (docs/agents.md). Asked of the kernel's task list, which
 * knows it whatever events were lost.
 */

import type { Sensor } from '../../sensors/sensor.ts';
import type { Event } from '../event.ts';
import type { Pipeline, SessionEnd } from '../pipeline.ts';
import type { Session } from '../session/session.ts';
import type { Summary } from '../session/summary.ts';

/** From the exit of a process to the look whether its session is empty; many exits in a row cost one look. */
const LOOK_AFTER_MS = 200;
/** A look without a reason: an exit event may have been lost. One walk of the task list, 1 ms for 2,000 tasks. */
const LOOK_INTERVAL_MS = 30_000;

/** How the root process of a session ended. */
export type RootEnd = Pick<SessionEnd, 'exitCode' | 'exitSignal'>;

export interface SessionKeeper {
  /** Sees events after they were sealed. */
  watch(batch: readonly Event[]): void;
  /** Ends what is empty now. */
  look(): Promise<void>;
  /** How the root of a session ended, as far as that was seen. */
  rootEnd(session: Session): RootEnd;
  /** The same, seen by an earlier service. */
  rootEnded(id: string, end: RootEnd): void;
  /** Closes a session whatever still runs of it. */
  end(session: Session): Summary | undefined;
  /** Sessions that an earlier service began are not ended by a look before their sums are whole. */
  resumed(ids: Iterable<string>, summedUp: Promise<void>): void;
  /** Resolves when all sums are whole: reading them from the log may take minutes. */
  whole(): Promise<void>;
  close(): void;
}

export interface SessionKeeperNeeds {
  readonly sensor: Pick<Sensor, 'judge' | 'running'>;
  readonly pipeline: Pick<Pipeline, 'flush' | 'endSession' | 'sessionOf' | 'sessions'>;
  readonly ended: (session: Session, summary: Summary | undefined) => void;
}

export function createSessionKeeper({ sensor, pipeline, ended }: SessionKeeperNeeds): SessionKeeper {
  const rootEnds = new Map<string, RootEnd>();
  let soon: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isOpen = true;
  let unsummed: ReadonlySet<string> = new Set();
  let summing: Promise<void> = Promise.resolve();
  const regular = setInterval(() => void look(), LOOK_INTERVAL_MS);
  regular.unref();

  function watch(batch: readonly Event[]): void {
    let anExit = false;
    for (const { name, attributes } of batch) {
      if (name !== 'process.exit') continue;
      anExit = true;
      const id = attributes['session.id'];
      // The root's entity id is its session's id.
      if (id === undefined || attributes['process.entity_id'] !== id) continue;
      rootEnds.set(id, {
        exitCode: attributes['process.exit.code'] as number | undefined,
        exitSignal: attributes['spoor.process.exit_signal'],
      });
    }
    if (anExit) soon ??= setTimeout(() => void look(), LOOK_AFTER_MS);
  }

  /** One look at a time: two would both find a session empty, and end it twice. */
  function look(): Promise<void> {
    clearTimeout(soon);
    soon = undefined;
    looking = looking.then(lookOnce);
    return looking;
  }

  async function lookOnce(): Promise<void> {
    const empty = emptySessions();
    if (empty.length === 0) return;
    // Nothing of an empty session can happen any more, but its last events may still be on their way.
    await pipeline.flush();
    for (const session of empty) end(session);
  }

  function emptySessions(): Session[] {
    const sessions = pipeline.sessions();
    if (sessions.length === 0) return [];
    const held = new Set<string | undefined>(
      sensor
        .running()
        .map(({ session, around }) => (pipeline.sessionOf(session) ?? pipeline.sessionOf(around))?.id),
    );
    return sessions.filter(({ id }) => !held.has(id) && !unsummed.has(id));
  }

  function end(session: Session): Summary | undefined {
    const remainingPids = sensor
      .running()
      .filter(({ session: tag }) => tag === session.tag)
      .map(({ process }) => process.pid);
    const summary = pipeline.endSession(session.tag, { ...rootEnd(session), remainingPids });
    // Whoever is left is outside from now on, and the tag may be given again.
    sensor.judge(session.tag, 0);
    rootEnds.delete(session.id);
    ended(session, summary);
    return summary;
  }

  function rootEnd(session: Session): RootEnd {
    return rootEnds.get(session.id) ?? { exitCode: undefined, exitSignal: undefined };
  }

  return {
    watch,
    look,
    rootEnd,
    rootEnded: (id, end) => void rootEnds.set(id, end),
    end,
    resumed(ids, summedUp) {
      unsummed = new Set(ids);
      summing = summedUp.finally(() => {
        unsummed = new Set();
        if (isOpen) void look();
      });
    },
    whole: () => summing,
    close() {
      isOpen = false;
      clearInterval(regular);
      clearTimeout(soon);
    },
  };
}
