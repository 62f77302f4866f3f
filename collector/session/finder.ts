/** Finds AI agents among the programs that start. The attribute stage asks at every exec; the service answers. */

import type { ProcessExec, ProcessRef, SessionTag } from '../../sensors/event.ts';
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

/** A process outside every session named a host that answers AI models. */
export interface Contact {
  readonly process: ProcessRef;
  readonly program: Program;
  readonly userId: number | undefined;
  /** asked: by DNS. greeted: by TLS, on a connection of its own. */
  readonly how: 'asked' | 'greeted';
  readonly host: string;
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
  /** A plan begins a session of a process that runs already, tagged by then with all it made. */
  contacted?(contact: Contact): Found;
  /** The same of an exec whose session an earlier finder began: remembers what the program is, decides nothing. */
  startedBefore?(program: StartedProgram): void;
  /** What became of a suspect's tag that an earlier finder judged; 0 when nobody knows any more. */
  verdict?(suspect: SessionTag): SessionTag;
}
