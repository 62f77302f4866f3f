/** Finds AI agents among the programs that start. The attribute stage asks at every exec; the service answers. */

import type { ProcessExec, SessionTag } from '../../sensors/event.ts';
import type { Program } from '../attribute/processes.ts';
import type { Attributes } from '../event.ts';
import type { Session, SessionPlan } from './session.ts';

export interface StartedProgram {
  readonly seen: ProcessExec;
  readonly program: Program;
  /** The image that called execve, as far as it is known: a fresh fork's is its creator's. */
  readonly caller: Program | undefined;
  /** The session the process was in before. */
  readonly around: Session | undefined;
  /** The session that was announced for this process and begins with this exec, whatever is found. */
  readonly announced: SessionPlan | undefined;
}

export interface Found {
  /** A session begins with this exec. Its tag is the one the process has from now on. */
  readonly plan?: SessionPlan;
  /** What an agent.candidate event says. */
  readonly candidate?: Attributes;
}

export interface SessionFinder {
  /** In ring order, before the next event is looked at. Never throws for what a program is. */
  started(program: StartedProgram): Found;
  /** The same of an exec whose session an earlier finder began: remembers what the program is, decides nothing. */
  startedBefore?(program: StartedProgram): void;
  /** What became of a suspect's tag that an earlier finder judged; 0 when nobody knows any more. */
  verdict?(suspect: SessionTag): SessionTag;
}
