/**
 * Evidence that a process is a certain AI agent, and what all of it together is worth.
 *
 * Each kind has a likelihood ratio: how many times more often it is seen with that agent than with anything else.
 * The ratios multiply onto prior odds of 1 to 19 (a probability of 0.05). They were chosen so that
 *   - no name, argument or environment variable, alone or together, reaches the band `high`;
 *   - a file that only the agent's own package or installer puts there does so alone;
 *   - a name that other programs share (goose, q) needs two things more;
 * and decoys.test.ts and fixtures.test.ts hold them to it.
 */

/** verified: read from the kernel or the file system. self_reported: the process says so. inferred: concluded from a trace. */
export type Basis = 'verified' | 'self_reported' | 'inferred';

export type EvidenceKind =
  | 'known_file'
  | 'package_entry'
  | 'path'
  | 'started_by_app'
  | 'verb'
  | 'command'
  | 'module'
  | 'own_host'
  | 'argument'
  | 'folder'
  | 'weak_path'
  | 'package_member'
  | 'environment'
  | 'weak_command'
  | 'model_host'
  | 'asked_for_host'
  | 'used_by_people'
  | 'called_name'
  | 'other_package';

interface Weight {
  readonly ratio: number;
  readonly basis: Basis;
}

const WEIGHTS: { readonly [Kind in EvidenceKind]: Weight } = {
  /** Device, inode and change time of a file that was verified before. */
  known_file: { ratio: 1_000, basis: 'verified' },
  /** The file is an entry point (bin, main, console script) of the agent's package. */
  package_entry: { ratio: 500, basis: 'verified' },
  /** A path that nothing else has. */
  path: { ratio: 200, basis: 'verified' },
  /** The agent's own application started it, and it carries the agent's mark. */
  started_by_app: { ratio: 100, basis: 'verified' },
  /** The first word after the name is one of the agent's verbs. */
  verb: { ratio: 12, basis: 'self_reported' },
  command: { ratio: 8, basis: 'verified' },
  module: { ratio: 8, basis: 'verified' },
  /** It talked to a host that only this agent talks to. */
  own_host: { ratio: 15, basis: 'verified' },
  argument: { ratio: 9, basis: 'self_reported' },
  /** The agent's state folder lies in the user's home: somebody used it here. */
  folder: { ratio: 4, basis: 'inferred' },
  /** Where its installer puts it, and others put their things too. */
  weak_path: { ratio: 4, basis: 'verified' },
  /** Inside the agent's package, but not an entry point: an install script, a helper. */
  package_member: { ratio: 4, basis: 'verified' },
  environment: { ratio: 3, basis: 'self_reported' },
  weak_command: { ratio: 2, basis: 'verified' },
  /** It talked to a host that answers model requests. */
  model_host: { ratio: 9, basis: 'verified' },
  /** It asked for the address of such a host. */
  asked_for_host: { ratio: 3, basis: 'verified' },
  /** A browser, a network tool or a shell: what people call models with. */
  used_by_people: { ratio: 1 / 10, basis: 'inferred' },
  /** argv[0] or the link it was called by; the caller may write anything there. */
  called_name: { ratio: 1.5, basis: 'self_reported' },
  /** The file belongs to another package: what it is called says nothing then. */
  other_package: { ratio: 1 / 50, basis: 'verified' },
};

/** What nothing but a name, and what a process may say of itself, is never enough without. */
const TELLING: ReadonlySet<EvidenceKind> = new Set([
  'known_file',
  'package_entry',
  'path',
  'started_by_app',
  'folder',
  'own_host',
]);

export const EVIDENCE_KINDS = Object.keys(WEIGHTS) as readonly EvidenceKind[];

/** How many times more often this is seen with the agent than without. */
export function ratioOf(kind: EvidenceKind): number {
  return WEIGHTS[kind].ratio;
}

const PRIOR_ODDS = 1 / 19;

export interface Evidence {
  readonly kind: EvidenceKind;
  readonly basis: Basis;
  /** What was found: a path, a package, a variable's name. Never the value of a variable that is not listed. */
  readonly value: string;
}

export type Band = 'very_high' | 'high' | 'medium' | 'low' | 'none';

export function evidence(kind: EvidenceKind, value: string): Evidence {
  return { kind, basis: WEIGHTS[kind].basis, value };
}

/** Probability from 0 to 1. A kind counts once, however often it was found. */
export function scoreOf(found: readonly Evidence[]): number {
  let odds = PRIOR_ODDS;
  for (const kind of new Set(found.map(({ kind }) => kind))) odds *= WEIGHTS[kind].ratio;
  const score = odds / (1 + odds);
  // Names, arguments and environment are what anybody can write; without more they stay below `high`.
  return found.some(({ kind }) => TELLING.has(kind)) ? score : Math.min(score, 0.79);
}

export function bandOf(score: number): Band {
  if (score >= 0.95) return 'very_high';
  if (score >= 0.8) return 'high';
  if (score >= 0.6) return 'medium';
  return score >= 0.3 ? 'low' : 'none';
}
