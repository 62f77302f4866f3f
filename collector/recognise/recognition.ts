/** What recognition is asked about, and what it answers. */

import type { AgentKind } from './catalogue.ts';
import type { Band, Evidence } from './evidence.ts';

/** One exec, as the sensor saw it. Paths are absolute, decoded as UTF-8. */
export interface ExecFacts {
  readonly pid: number;
  /** Inode of its mount namespace where the sensor gives it: spares /proc a question. */
  readonly mountNamespace?: number | undefined;
  /** Resolved by the kernel: no links in it. */
  readonly executable: string;
  /** Identity of the executable where the sensor gives it: spares the file system a second question. */
  readonly executableFile?:
    | { readonly device: string; readonly inode: bigint; readonly changeNs: bigint }
    | undefined;
  /** The path given to execve. */
  readonly calledPath: string;
  /** argv[0] first. For a script the kernel has put the interpreter before it. */
  readonly args: readonly string[];
  readonly workingDirectory: string;
  /** Home folder of the user it runs as; undefined when the user has none. */
  readonly home: string | undefined;
  /**
   * The application (verdict `app`) whose image called execve: the process's own image before this exec, which
   * a fresh fork shares with its parent. Undefined when another program did.
   */
  readonly startedByApp?: string | undefined;
}

/**
 * agent: tag it. app: an application in which an agent and people work side by side; not tagged itself, but what it
 * starts with the agent's mark is. candidate: may be an agent; reported with its score, not tagged.
 */
export type Verdict = 'agent' | 'app' | 'candidate';

export interface Recognition {
  /** Catalogue id, or "unlisted-agent". */
  readonly agent: string;
  readonly name: string;
  readonly kind: AgentKind;
  readonly verdict: Verdict;
  readonly version: string | undefined;
  /** Package it was read from, such as "npm:@openai/codex". */
  readonly package: string | undefined;
  /** Folder of the package, or the executable itself: one installation. */
  readonly root: string;
  /** Probability that the process is this agent, 0 to 1. */
  readonly score: number;
  readonly band: Band;
  readonly evidence: readonly Evidence[];
  /** Switches in force that take guards away, as they were given. */
  readonly unsafeSwitches: readonly string[];
}

/** Name of a program that talks to a model and is in no catalogue. */
export const UNLISTED_AGENT = 'unlisted-agent';

/** Something a process did after its exec that speaks for or against a candidate. */
export type Behaviour =
  /** It connected to the host. */
  | { readonly kind: 'contacted'; readonly host: string }
  /** It asked for the host's address. */
  | { readonly kind: 'asked_for'; readonly host: string };

/** From `high` on it is an agent. Code that only uses a framework may be anything, so it stays a candidate. */
export function verdictOf(kind: AgentKind, band: Band): 'agent' | 'candidate' {
  return (band === 'high' || band === 'very_high') && kind !== 'framework' ? 'agent' : 'candidate';
}
