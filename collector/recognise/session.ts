/**
 * When a session begins (docs/agents.md, "Sessions", says the same for readers).
 *
 * An exec of an agent begins a session unless the agent itself made it: an agent that starts its own program again
 * (node → native binary, node → node with other options, /proc/self/exe) is still the one that was started. An agent
 * started by anything else, a shell of another agent included, begins its own session, nested in the one around it.
 */

import type { Recognition } from './recognition.ts';

/** The session the process is in before the exec, by its tag. */
export interface AroundSession {
  readonly id: string;
  /** Catalogue id of its agent. */
  readonly agent: string;
}

/** The program that called execve: the process's image before the exec, which a fresh fork shares with its parent. */
export interface CallingImage {
  /** What was recognised when that image was started; undefined for a shell, an editor, anything else. */
  readonly recognition: Recognition | undefined;
}

export type SessionDecision =
  /** Not an agent, and in no session. */
  | { readonly kind: 'none' }
  /** Stays in the session it is in. */
  | { readonly kind: 'same'; readonly session: string }
  /** Begins a session of its own, in no other. */
  | { readonly kind: 'new' }
  /** Begins a session of its own; `parent` is the session that started it. */
  | { readonly kind: 'nested'; readonly parent: string };

export function sessionFor(
  around: AroundSession | undefined,
  recognition: Recognition | undefined,
  caller: CallingImage,
): SessionDecision {
  const stay: SessionDecision = around ? { kind: 'same', session: around.id } : { kind: 'none' };
  if (recognition?.verdict !== 'agent') return stay;
  if (!around) return { kind: 'new' };
  // A tool server works for the agent whose session it is in.
  if (recognition.kind === 'mcp') return stay;
  const madeByItself =
    caller.recognition?.verdict === 'agent' && caller.recognition.agent === recognition.agent;
  return madeByItself && around.agent === recognition.agent ? stay : { kind: 'nested', parent: around.id };
}
