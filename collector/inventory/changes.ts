/** What changed between two looks at a host, and the events that say so. */

import { posix } from 'node:path';
import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import type { RememberedProgram, RememberedRow } from './remembered.ts';

export interface InventoryChange {
  readonly change: 'added' | 'changed' | 'removed';
  /** The row as it is now; for `removed`, as it was. */
  readonly row: RememberedRow;
  /** The program that changed first in the row's order, else the one that starts the agent. */
  readonly program: RememberedProgram;
  /** For `changed`: the row and the program before. */
  readonly before?: RememberedRow;
  readonly programBefore?: RememberedProgram | undefined;
}

/**
 * An installation is the same when agent and root are. A new version that lies beside one known before, in a folder
 * of versions, is that agent changed: its installer keeps the old ones for a while.
 */
export function changesBetween(
  before: readonly RememberedRow[],
  now: readonly RememberedRow[],
): InventoryChange[] {
  const old = new Map(before.map((row) => [keyOf(row), row]));
  const changes: InventoryChange[] = [];
  for (const row of now) {
    const same = old.get(keyOf(row));
    if (same) {
      if (same.version !== row.version || changedProgram(same, row)) changes.push(changed(same, row));
      continue;
    }
    const beside = before
      .filter((other) => other.agent === row.agent && isVersionBeside(other, row))
      .sort((left, right) => byVersion(left.version, right.version))
      .at(-1);
    changes.push(beside ? changed(beside, row) : { change: 'added', row, program: firstProgram(row) });
  }
  const kept = new Set(now.map(keyOf));
  for (const row of before)
    if (!kept.has(keyOf(row))) changes.push({ change: 'removed', row, program: firstProgram(row) });
  return changes;
}

function changed(before: RememberedRow, row: RememberedRow): InventoryChange {
  const program = changedProgram(before, row) ?? firstProgram(row);
  // Beside another version the same program has another folder.
  const programBefore =
    before.programs.find(({ path }) => path === program.path) ??
    before.programs.find(({ path }) => posix.basename(path) === posix.basename(program.path)) ??
    before.programs[0];
  return { change: 'changed', row, program, before, programBefore };
}

/** The first program with another content, or a new one. */
function changedProgram(before: RememberedRow, row: RememberedRow): RememberedProgram | undefined {
  const hashes = new Map(before.programs.map(({ path, hash }) => [path, hash.sha256]));
  return row.programs.find(({ path, hash }) => !hashes.has(path) || hashes.get(path) !== hash.sha256);
}

function firstProgram(row: RememberedRow): RememberedProgram {
  return row.programs[0] ?? { path: row.path, hash: { missingReason: 'gone' } };
}

function keyOf({ agent, root }: RememberedRow): string {
  return `${agent}\0${root}`;
}

/** Both roots are named after their versions, in one folder. */
function isVersionBeside(other: RememberedRow, row: RememberedRow): boolean {
  return (
    posix.dirname(other.root) === posix.dirname(row.root) &&
    other.version !== undefined &&
    row.version !== undefined &&
    posix.basename(other.root).includes(other.version) &&
    posix.basename(row.root).includes(row.version)
  );
}

/** By the numbers in it: 2.10.0 after 2.9.1. */
function byVersion(left = '', right = ''): number {
  return left.localeCompare(right, 'en', { numeric: true });
}

/** One agent.inventory event for a change. */
export function inventoryEvent(changeMade: InventoryChange, timeNs: bigint): Event {
  const { change, row, program, before, programBefore } = changeMade;
  return {
    name: 'agent.inventory',
    uid: newUid(Number(timeNs / 1_000_000n)),
    timeNs,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes: {
      'gen_ai.agent.name': row.agent,
      'gen_ai.agent.version': row.version,
      'spoor.agent.kind': row.kind,
      'spoor.agent.package': row.package,
      'spoor.inventory.change': change,
      'spoor.inventory.path': program.path,
      'spoor.inventory.user': row.user,
      'spoor.inventory.installed_by': row.installedBy,
      'spoor.inventory.sha256': program.hash.sha256,
      'spoor.inventory.previous_version': before?.version,
      'spoor.inventory.previous_sha256': programBefore?.hash.sha256,
      'spoor.inventory.running_pids': row.running.length > 0 ? row.running : undefined,
      'spoor.hash.missing_reason': program.hash.missingReason,
    },
    seen: undefined,
  };
}
