/** Sessions that went on while no service read: same ids, same tags, and sums from the log. */

import type { Sensor } from '../../sensors/sensor.ts';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Recogniser } from '../recognise/recognise.ts';
import { runningProcess } from '../recognise/running.ts';
import { createSummary, type Summing } from '../session/summary.ts';
import type { Finder } from './finder.ts';
import type { RootEnd } from './session-keeper.ts';
import type { WatchedSession } from './watch-file.ts';

export interface ResumeNeeds {
  readonly sensor: Pick<Sensor, 'judge' | 'running'>;
  readonly pipeline: Pick<Pipeline, 'program' | 'resume' | 'sessionOf'>;
  readonly recogniser: Recogniser;
  readonly finder: Finder;
  readonly homeOf: (userId: number) => string | undefined;
  readonly logDirectory: string;
  /** Told of the end of a session's root that the log has. */
  readonly rootEnded: (id: string, end: RootEnd) => void;
  /** Records of the log that the service before wrote. */
  readonly logSize: number;
}

/** @returns resolves when the sums of the sessions hold all that the log has of them */
export function resumeSessions(sessions: readonly WatchedSession[], needs: ResumeNeeds): Promise<void> {
  const { sensor, pipeline, recogniser, finder, homeOf } = needs;
  const sums = new Map<string, Summing>();
  for (const session of sessions) {
    const summing = createSummary(session.id);
    sums.set(session.id, summing);
    pipeline.resume(session, summing);
    sensor.judge(session.tag, session.tag); // its system calls are counted in a place of ours from now on
  }
  for (const { process, session } of sensor.running()) {
    if (!pipeline.sessionOf(session)) continue;
    const program = pipeline.program(process);
    const exec = runningProcess(process.pid, homeOf)?.exec;
    const recognition = exec && recogniser.recognise({ ...exec, startedByApp: undefined });
    if (program && recognition) finder.remember(program, recognition);
  }
  const from = Math.min(...sessions.map(({ firstRecord }) => firstRecord));
  return sessions.length === 0 ? Promise.resolve() : sumUp(sums, from, needs);
}

async function sumUp(
  sums: ReadonlyMap<string, Summing>,
  from: number,
  { logDirectory, logSize, rootEnded }: ResumeNeeds,
): Promise<void> {
  for await (const stored of readRecords(logDirectory, from, logSize))
    for (const { leaf } of stored) {
      const { eventName, timeNs, attributes } = decodeLeaf(leaf);
      const id = attributes['session.id'];
      if (eventName === 'process.exit' && typeof id === 'string' && attributes['process.entity_id'] === id)
        rootEnded(id, {
          exitCode: attributes['process.exit.code'] as number | undefined,
          exitSignal: attributes['spoor.process.exit_signal'] as string | undefined,
        });
      if (typeof id === 'string') sums.get(id)?.add({ eventName, timeNs, attributes });
      else if (eventName === 'sensor.gap')
        for (const summing of sums.values()) summing.add({ eventName, timeNs, attributes });
    }
}

/**
 * Takes away the tags that belong to no session any more: of one that ended unseen, or of a state folder that is gone.
 * Call when everything that was seen has been judged.
 */
export function dropUnknownTags(
  sensor: Pick<Sensor, 'judge' | 'tag' | 'running'>,
  pipeline: Pick<Pipeline, 'sessionOf'>,
): void {
  for (const { process, session } of sensor.running()) {
    if (session === 0 || pipeline.sessionOf(session)) continue;
    sensor.judge(session, 0);
    sensor.tag(process.pid, 0);
  }
}
