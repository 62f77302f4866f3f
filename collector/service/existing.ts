/** Agents that run already when the service starts: their whole trees are tagged, and their sessions begin then. */

import type { ProcessRef, SessionTag } from '../../sensors/event.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import type { Attributes } from '../event.ts';
import type { Pipeline } from '../pipeline.ts';
import { existingSessions } from '../recognise/existing.ts';
import type { Recogniser } from '../recognise/recognise.ts';
import type { Recognition } from '../recognise/recognition.ts';
import { runningProcess } from '../recognise/running.ts';
import { tagTree } from '../session/tag-tree.ts';
import type { Finder } from './finder.ts';

export interface ExistingNeeds {
  readonly sensor: Pick<Sensor, 'running' | 'tag'>;
  readonly pipeline: Pick<Pipeline, 'adopt' | 'program' | 'sessions'>;
  readonly recogniser: Recogniser;
  readonly finder: Finder;
  readonly homeOf: (userId: number) => string | undefined;
  readonly newTag: () => SessionTag;
}

/** What the session.start of such a session says. */
const RAN_BEFORE: Attributes = {
  'spoor.session.basis': 'inferred',
  'spoor.session.evidence': 'ran before the watch began; what it did until now is unseen',
};

/** @returns how many sessions began */
export function takeInExisting(needs: ExistingNeeds): number {
  const { sensor, pipeline, recogniser, finder, homeOf, newTag } = needs;
  const untagged = new Map(
    sensor
      .running()
      .filter(({ session }) => session === 0)
      .map(({ process, parent }) => [process.pid, { process, parentPid: parent.pid }]),
  );
  const recognise = (pid: number, startedByApp: string | undefined): Recognition | undefined => {
    const exec = runningProcess(pid, homeOf)?.exec;
    const recognition = exec && recogniser.recognise({ ...exec, startedByApp });
    const process = untagged.get(pid)?.process;
    const program = process && pipeline.program(process);
    // What it starts later is judged by what it is: an agent that starts its own program again stays one session.
    if (program && recognition) finder.remember(program, recognition);
    return recognition;
  };
  const found = existingSessions(
    [...untagged].map(([pid, { parentPid }]) => ({ pid, parentPid })),
    recognise,
  );
  const idByRootPid = new Map<number, string>();
  let begun = 0;
  for (const { rootPid, recognition, parentRootPid } of found) {
    const root = untagged.get(rootPid)?.process as ProcessRef;
    const tag = newTag();
    // A nested session's processes have the outer one's tag by now: the outer one comes first.
    const from = parentRootPid === undefined ? 0 : (tagOf(pipeline, idByRootPid.get(parentRootPid)) ?? 0);
    if (!tagTree(sensor, rootPid, tag, from)) continue;
    const parent = parentRootPid === undefined ? undefined : idByRootPid.get(parentRootPid);
    const about: Attributes = { ...RAN_BEFORE, 'spoor.session.parent_id': parent };
    pipeline.adopt(finder.planFor(tag, recognition, rootPid, about), root);
    const id = pipeline.sessions().find((session) => session.tag === tag)?.id;
    if (id !== undefined) idByRootPid.set(rootPid, id);
    begun++;
  }
  return begun;
}

function tagOf(pipeline: Pick<Pipeline, 'sessions'>, id: string | undefined): SessionTag | undefined {
  return pipeline.sessions().find((session) => session.id === id)?.tag;
}
