/**
 * Finds AI agents among the programs that start, and says so to the kernel: the recogniser knows them, this decides
 * what their tags become.
 *
 * A program that the kernel suspected has its own tag since its exec, so keeping, joining or dropping that tag holds
 * for all it forked meanwhile. One that was not suspected (an editor started it, or only its package speaks for it)
 * is tagged here by its process id, and so are the children it has by then; session.start then says that what came
 * before is unseen.
 */

import { LRUCache } from 'lru-cache';
import type { ProcessExec, SessionTag } from '../../sensors/event.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import type { Program } from '../attribute/processes.ts';
import type { Attributes } from '../event.ts';
import { callerClass } from '../recognise/behaviour.ts';
import { describePerson, describeRecognition } from '../recognise/describe.ts';
import type { Person } from '../recognise/person/person.ts';
import type { Recogniser } from '../recognise/recognise.ts';
import type { ExecFacts, Recognition } from '../recognise/recognition.ts';
import { sessionFor } from '../recognise/session.ts';
import type { Contact, Found, SessionFinder, StartedProgram } from '../session/finder.ts';
import type { Session, SessionPlan } from '../session/session.ts';
import { tagTree } from '../session/tag-tree.ts';

/** Candidates told of, by agent, place and user; 200 B each. Past it the longest unused is told of again. */
const MAX_TOLD_CANDIDATES = 4_096;

export interface FinderNeeds {
  readonly sensor: Pick<Sensor, 'judge' | 'tag' | 'running' | 'kept'>;
  readonly recogniser: Recogniser;
  readonly personOf: (pid: number) => Person | undefined;
  readonly homeOf: (userId: number) => string | undefined;
  /** A tag that nobody has. */
  readonly newTag: () => SessionTag;
}

export interface Finder extends SessionFinder {
  /** From now on with another catalogue and directory. */
  reload(needs: Pick<FinderNeeds, 'recogniser' | 'personOf'>): void;
  /** What was recognised when a program was started; undefined for everything that is no agent. */
  recognitionOf(program: Program): Recognition | undefined;
  /** Remembers what a program is that was not seen to start. */
  remember(program: Program, recognition: Recognition): void;
  planFor(tag: SessionTag, recognition: Recognition, pid: number, about: Attributes): SessionPlan;
}

export function createFinder(needs: FinderNeeds): Finder {
  const { sensor, homeOf, newTag } = needs;
  let { recogniser, personOf } = needs;
  const recognitions = new WeakMap<Program, Recognition>();
  const toldCandidates = new LRUCache<string, true>({ max: MAX_TOLD_CANDIDATES });

  function recogniseNew({ seen, program, caller }: StartedProgram): Recognition | undefined {
    const callerRecognition = caller && recognitions.get(caller);
    const recognition = recogniser.recognise(factsOf(seen, program, homeOf, callerRecognition));
    if (recognition) recognitions.set(program, recognition);
    return recognition;
  }

  function started(start: StartedProgram): Found {
    const { seen, program, caller, around, announced } = start;
    const callerRecognition = caller && recognitions.get(caller);
    const recognition = recogniseNew(start);
    const isSuspect = seen.session !== seen.around;
    if (announced) {
      if (isSuspect) sensor.judge(seen.session, seen.around);
      return recognition?.verdict === 'agent'
        ? { plan: announcedPlan(announced, recognition, seen.process.pid) }
        : {};
    }
    // What was asked for by name may reach its agent through env, a shell or a wrapper that execs it: still that one.
    const isAsked = around?.startedBy === 'run' && isRoot(around, seen);
    const decision = isAsked
      ? { kind: 'same' as const }
      : sessionFor(around && { id: around.id, agent: around.agent.name }, recognition, {
          recognition: callerRecognition,
        });
    if (decision.kind === 'none' || decision.kind === 'same') {
      if (isSuspect) sensor.judge(seen.session, around ? around.tag : 0);
      return recognition?.verdict === 'candidate' && !around
        ? candidate(recognition, { pid: seen.process.pid, userId: seen.credentials.euid, program })
        : {};
    }
    // verdict "agent", or the decision would be another
    const found = recognition as Recognition;
    const about: Attributes =
      decision.kind === 'nested' ? { 'spoor.session.parent_id': decision.parent } : {};
    if (isSuspect) {
      sensor.judge(seen.session, seen.session);
      return { plan: planFor(seen.session, found, seen.process.pid, about) };
    }
    const tag = newTag();
    if (!tagTree(sensor, seen.process.pid, tag, seen.around)) return {}; // it has ended already
    return { plan: planFor(tag, found, seen.process.pid, { ...about, ...TAGGED_LATE }) };
  }

  function planFor(tag: SessionTag, recognition: Recognition, pid: number, about: Attributes): SessionPlan {
    const person = personOf(pid);
    return {
      tag,
      startedBy: 'recognition',
      agent: { name: recognition.agent, version: recognition.version },
      launcherPid: undefined,
      about: { ...describeRecognition(recognition), ...(person && describePerson(person)), ...about },
    };
  }

  /** Somebody asked for this session by name; what was recognised is said beside. */
  function announcedPlan(announced: SessionPlan, recognition: Recognition, pid: number): SessionPlan {
    const { about } = planFor(announced.tag, recognition, pid, {});
    const agent = { name: recognition.agent, version: recognition.version ?? announced.agent.version };
    return { ...announced, agent, about: { ...about, ...announced.about } };
  }

  function candidate(
    recognition: Recognition,
    { pid, userId, program }: Pick<Contact, 'userId' | 'program'> & { readonly pid: number },
  ): Found {
    // The user is the kernel's: for whom it acts cannot be asked of a process that has ended by now.
    const key = `${recognition.agent} ${recognition.root} ${recognition.score} ${userId} ${program.executablePath}`;
    if (toldCandidates.has(key)) return {};
    toldCandidates.set(key, true);
    const person = personOf(pid);
    return { candidate: { ...describeRecognition(recognition), ...(person && describePerson(person)) } };
  }

  /** Only who connects talks to a host; who asks for its address may ask for somebody else. */
  function contacted({ process: { pid }, program, userId, how, host }: Contact): Found {
    if (how === 'asked' && callerClass(program.executablePath) === 'resolver') return {};
    const exec: ExecFacts = {
      pid,
      executable: program.executablePath,
      calledPath: program.executablePath,
      args: program.args,
      workingDirectory: program.workingDirectory,
      home: userId === undefined ? undefined : homeOf(userId),
    };
    const before = recognitions.get(program);
    const recognition = recogniser.reconsider(exec, before, {
      kind: how === 'asked' ? 'asked_for' : 'contacted',
      host,
    });
    if (!recognition) return {};
    recognitions.set(program, recognition);
    if (recognition.verdict === 'app') return {};
    if (recognition.verdict === 'candidate') return candidate(recognition, { pid, userId, program });
    const tag = newTag();
    if (!tagTree(sensor, pid, tag)) return {}; // it has ended already
    return { plan: planFor(tag, recognition, pid, TAGGED_LATE) };
  }

  return {
    started,
    contacted,
    startedBefore: (start) => void recogniseNew(start),
    verdict: (suspect) => sensor.kept?.verdict(suspect) ?? 0,
    planFor,
    reload(next) {
      recogniser = next.recogniser;
      personOf = next.personOf;
      toldCandidates.clear();
    },
    recognitionOf: (program) => recognitions.get(program),
    remember: (program, recognition) => recognitions.set(program, recognition),
  };
}

/** Said by a session.start whose process was tagged after its exec. */
export const TAGGED_LATE: Attributes = {
  'spoor.session.basis': 'inferred',
  'spoor.session.evidence': 'tagged after it had started; what it did before is unseen',
};

function isRoot({ root }: Session, { process }: ProcessExec): boolean {
  return root.pid === process.pid && root.startNs === process.startNs;
}

function factsOf(
  seen: ProcessExec,
  program: Program,
  homeOf: (userId: number) => string | undefined,
  caller: Recognition | undefined,
): ExecFacts {
  const { device, inode } = seen.executableFile;
  return {
    pid: seen.process.pid,
    mountNamespace: seen.namespaces.mount,
    executable: program.executablePath,
    executableFile: { device, inode, changeNs: seen.executableChangeNs },
    calledPath: seen.calledPath.toString(),
    args: program.args,
    workingDirectory: program.workingDirectory,
    home: homeOf(seen.credentials.euid),
    startedByApp: caller?.verdict === 'app' ? caller.agent : undefined,
  };
}
