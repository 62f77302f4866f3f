/**
 * Programs that may be AI agents, less surely than to be watched, kept in STATE/candidates.json for `spoor inventory`.
 *
 * The file is not evidence: the log holds the agent.candidate events it is made of. Lost or spoilt, it fills again.
 */

import { join } from 'node:path';
import type { Attributes, Event } from '../event.ts';
import { readIfThere, replaceFile } from '../log/files.ts';

const FILE = 'candidates.json';
const FORMAT = 1;

/** Candidates kept, about 500 B each, so 0.5 MB. Past it the one told longest ago is forgotten. */
const MAX_CANDIDATES = 1_024;
/** Hosts named for one; past it a further host is in the log alone. */
const MAX_HOSTS = 16;
/** From a change to the file: a host full of new candidates costs one write in this time. */
const WRITE_AFTER_MS = 2_000;

export interface CandidateRow {
  /** Catalogue id, or "unlisted-agent". */
  readonly agent: string;
  /** The program: of an interpreter, the script. */
  readonly program: string;
  readonly user: string | undefined;
  /** Model hosts it asked for or talked to. */
  readonly hosts: readonly string[];
  readonly score: number;
  readonly band: string;
  readonly evidence: readonly string[];
  /** RFC 3339. */
  readonly firstTold: string;
  readonly lastTold: string;
}

export interface Candidates {
  /** Takes what events say; those of candidates and of sessions that begin. */
  watch(batch: readonly Event[]): void;
  /** Writes what is not in the file yet. */
  close(): void;
}

/** @param failed is told when the file cannot be written; the next change is another try */
export function createCandidates(stateDirectory: string, failed: (error: Error) => void): Candidates {
  const rows = new Map(readCandidates(stateDirectory).map((row) => [keyOf(row), row]));
  let timer: NodeJS.Timeout | undefined;

  function write(): void {
    clearTimeout(timer);
    timer = undefined;
    try {
      replaceFile(
        join(stateDirectory, FILE),
        JSON.stringify({ format: FORMAT, candidates: [...rows.values()] }),
      );
    } catch (error) {
      failed(error as Error);
    }
  }

  function changed(): void {
    timer ??= setTimeout(write, WRITE_AFTER_MS).unref();
  }

  function take(said: Attributes, timeNs: bigint): void {
    const told = rowOf(said, timeNs);
    const key = keyOf(told);
    const before = rows.get(key);
    // Told last, so it stands last: Map keeps the order of insertion.
    rows.delete(key);
    rows.set(key, before ? joined(before, told) : told);
    for (const oldest of [...rows.keys()].slice(0, Math.max(0, rows.size - MAX_CANDIDATES)))
      rows.delete(oldest);
    changed();
  }

  /** A candidate that the catalogue knows by now, or for which more spoke, is an agent. */
  function became(root: string): void {
    for (const [key, { program }] of rows) {
      if (!liesIn(program, root)) continue;
      rows.delete(key);
      changed();
    }
  }

  return {
    watch(batch) {
      for (const { name, attributes, timeNs } of batch) {
        if (name === 'agent.candidate') take(attributes, timeNs);
        else if (name === 'session.start' && attributes['spoor.agent.root'] !== undefined)
          became(attributes['spoor.agent.root']);
      }
    },
    close() {
      if (timer) write();
    },
  };
}

/** Those told last stand last. Empty when there is no file, or none that can be understood. */
export function readCandidates(stateDirectory: string): CandidateRow[] {
  const bytes = readIfThere(join(stateDirectory, FILE));
  if (!bytes) return [];
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    // Spoilt: as if there were none; what is told from now on is kept again.
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const { format, candidates } = value as { format?: unknown; candidates?: unknown };
  return format === FORMAT && Array.isArray(candidates) ? candidates.filter(isRow) : [];
}

/** The program is the one, or a file of the package. */
export function liesIn(program: string, root: string): boolean {
  return program === root || program.startsWith(`${root}/`);
}

function keyOf({ agent, program, user }: CandidateRow): string {
  return `${agent}\0${program}\0${user}`;
}

function rowOf(said: Attributes, timeNs: bigint): CandidateRow {
  const told = new Date(Number(timeNs / 1_000_000n)).toISOString();
  const host = said['server.address'];
  const userId = said['process.user.id'];
  return {
    agent: said['gen_ai.agent.name'] ?? '',
    program: said['spoor.agent.root'] ?? said['process.executable.path'] ?? '',
    user: said['process.user.name'] ?? (userId === undefined ? undefined : String(userId)),
    hosts: host === undefined ? [] : [host.toLowerCase()],
    score: said['spoor.agent.score'] ?? 0,
    band: said['spoor.agent.band'] ?? 'none',
    evidence: said['spoor.agent.evidence'] ?? [],
    firstTold: told,
    lastTold: told,
  };
}

/** What speaks most for it, whichever run of it that was. */
function joined(before: CandidateRow, now: CandidateRow): CandidateRow {
  const { score, band, evidence } = now.score >= before.score ? now : before;
  const hosts = [...new Set([...before.hosts, ...now.hosts])].slice(0, MAX_HOSTS);
  return { ...now, firstTold: before.firstTold, hosts, score, band, evidence };
}

function isRow(value: unknown): value is CandidateRow {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as Partial<Record<keyof CandidateRow, unknown>>;
  return (
    typeof row.agent === 'string' &&
    typeof row.program === 'string' &&
    typeof row.score === 'number' &&
    typeof row.band === 'string' &&
    typeof row.firstTold === 'string' &&
    typeof row.lastTold === 'string' &&
    isTexts(row.hosts) &&
    isTexts(row.evidence)
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
