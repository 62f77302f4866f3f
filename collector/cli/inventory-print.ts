import { createUserNames } from '../attribute/users.ts';
import { type CandidateRow, liesIn, readCandidates } from '../inventory/candidates.ts';
import { changesBetween, type InventoryChange } from '../inventory/changes.ts';
import type { InventoryRow } from '../inventory/installation.ts';
import { takeInventory } from '../inventory/inventory.ts';
import { hashed, type RememberedRow, readRemembered, writeRemembered } from '../inventory/remembered.ts';
import { loadCatalogue, ownCatalogue } from '../recognise/catalogue-file.ts';
import { homesOf } from '../recognise/homes.ts';
import { createProcessFiles, type ProcessFiles } from '../recognise/process-files.ts';
import { Failure } from './failure.ts';
import { endWithReader, print } from './output.ts';
import { printable } from './terminal.ts';

export interface InventoryOptions {
  readonly state: string;
  /** The endpoint's own agents. */
  readonly agents: string | undefined;
  readonly form: 'text' | 'json';
  /** once: what is there now. compare: what changed since the last look that was remembered, and remember this one. */
  readonly look: 'once' | 'compare';
}

/** @throws BadInput, Failure */
export async function printInventory({ state, agents, form, look }: InventoryOptions): Promise<void> {
  endWithReader();
  const catalogue = agents === undefined ? ownCatalogue() : await loadCatalogue(agents);
  const files = createProcessFiles('');
  const rows = takeInventory({ catalogue, userName: createUserNames(), files });
  const closed = closedHomes(files);
  const candidates = candidatesIn(state, closed).filter(
    ({ program }) => !rows.some(({ root, path }) => liesIn(program, root) || program === path),
  );
  if (form === 'text' && look === 'once') {
    await print(table(rows) + candidatesText(candidates) + closedText(closed));
    return;
  }
  const before = readRemembered(state);
  const now = hashed(rows, files, before);
  const changes = look === 'compare' ? changesBetween(before, now) : undefined;
  if (look === 'compare') remember(state, now);
  if (form === 'json') await print(`${asJson(rows, now, candidates, changes, closed)}\n`);
  else
    await print(table(rows) + candidatesText(candidates) + changesText(changes ?? []) + closedText(closed));
}

/** @throws Failure */
function remember(state: string, rows: readonly RememberedRow[]): void {
  try {
    writeRemembered(state, rows);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Failure(
      2,
      `cannot write ${state}/inventory.json (${code}); name a folder of yours with --state`,
    );
  }
}

/** Homes that this user may not look into: what is installed there is not in the list. */
function closedHomes(files: ProcessFiles): string[] {
  return homesOf(files)
    .filter(({ path }) => files.stamp(`${path}/.`) === undefined)
    .map(({ path }) => path);
}

/** Those that the service whose state this is told of; a list that this user may not read joins what is closed. */
function candidatesIn(state: string, closed: string[]): CandidateRow[] {
  try {
    return readCandidates(state);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    closed.push(state);
    return [];
  }
}

function closedText(closed: readonly string[]): string {
  return closed.length === 0 ? '' : `Not looked into (run as root): ${closed.map(printable).join(', ')}\n`;
}

function table(rows: readonly InventoryRow[]): string {
  if (rows.length === 0) return 'No AI agent is installed or running.\n';
  return columns([
    ['AGENT', 'VERSION', 'USER', 'INSTALLED BY', 'RUNNING', 'PATH'],
    ...rows.map((row) => [
      row.agent,
      printable(row.version ?? '-'),
      printable(row.user ?? '(all)'),
      row.installedBy,
      row.running.length === 0 ? '-' : row.running.map(({ pid }) => pid).join(','),
      printable(row.path),
    ]),
  ]);
}

/** What the service told of as candidates: not watched, for somebody to look at. */
function candidatesText(candidates: readonly CandidateRow[]): string {
  if (candidates.length === 0) return '';
  const lines = [
    ['CANDIDATE', 'SURE', 'USER', 'TOLD LAST', 'HOSTS', 'PROGRAM'],
    ...candidates.map((row) => [
      printable(row.agent),
      `${row.score.toFixed(2)} ${printable(row.band)}`,
      printable(row.user ?? '-'),
      printable(row.lastTold),
      row.hosts.length === 0 ? '-' : printable(row.hosts.join(',')),
      printable(row.program),
    ]),
  ];
  return `\nMay be AI agents, and are not watched:\n${columns(lines)}`;
}

/** The last column is as wide as it is. */
function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map(
      (line) =>
        `${line.map((cell, column) => (column < line.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell)).join('  ')}\n`,
    )
    .join('');
}

function changesText(changes: readonly InventoryChange[]): string {
  if (changes.length === 0) return 'Nothing changed since the last inventory.\n';
  return changes
    .map(({ change, row, program, before }) => {
      const from = before ? ` from ${before.version ?? 'unknown'}` : '';
      return `${change}: ${row.agent} ${printable(row.version ?? '(version unknown)')}${printable(from)}, ${printable(program.path)}\n`;
    })
    .join('');
}

function asJson(
  rows: readonly InventoryRow[],
  now: readonly RememberedRow[],
  candidates: readonly CandidateRow[],
  changes: readonly InventoryChange[] | undefined,
  closed: readonly string[],
): string {
  return JSON.stringify({
    agents: rows.map((row, index) => ({
      agent: row.agent,
      name: row.name,
      kind: row.kind,
      version: row.version ?? null,
      package: row.package ?? null,
      path: row.path,
      user: row.user ?? null,
      installed_by: row.installedBy,
      programs: (now[index]?.programs ?? []).map(({ path, hash }) => ({
        path,
        sha256: hash.sha256 ?? null,
        sha256_missing_reason: hash.missingReason ?? null,
      })),
      running: row.running.map(({ pid, user }) => ({ pid, user: user ?? null })),
    })),
    ...(changes && {
      changes: changes.map(({ change, row, program, before, programBefore }) => ({
        change,
        agent: row.agent,
        path: program.path,
        version: row.version ?? null,
        sha256: program.hash.sha256 ?? null,
        previous_version: before?.version ?? null,
        previous_sha256: programBefore?.hash.sha256 ?? null,
      })),
    }),
    candidates: candidates.map((row) => ({
      agent: row.agent,
      program: row.program,
      user: row.user ?? null,
      hosts: row.hosts,
      score: row.score,
      band: row.band,
      evidence: row.evidence,
      first_told: row.firstTold,
      last_told: row.lastTold,
    })),
    not_looked_into: closed,
  });
}
