import type { Command } from 'commander';
import { createUserNames } from '../attribute/users.ts';
import { changesBetween, type InventoryChange } from '../inventory/changes.ts';
import type { InventoryRow } from '../inventory/installation.ts';
import { takeInventory } from '../inventory/inventory.ts';
import { hashed, type RememberedRow, readRemembered, writeRemembered } from '../inventory/remembered.ts';
import { BadInput } from '../recognise/bad-input.ts';
import type { Catalogue } from '../recognise/catalogue.ts';
import { loadCatalogue, ownCatalogue } from '../recognise/catalogue-file.ts';
import { homesOf } from '../recognise/homes.ts';
import { createProcessFiles, type ProcessFiles } from '../recognise/process-files.ts';
import { defaultStateDirectory } from './state.ts';

interface InventoryOptions {
  readonly state: string;
  readonly agents?: string;
  readonly json?: true;
  readonly remember?: true;
}

/** Registers `spoor inventory`. Exit codes: 0 done, 2 a wrong catalogue of the endpoint or a state folder that cannot be written. */
export function addInventoryCommand(program: Command): void {
  program
    .command('inventory')
    .description('list the AI agents that are installed and running on this host; runs none of them')
    .option('--state <dir>', 'folder in which the last inventory is kept', defaultStateDirectory())
    .option('--agents <file>', "the endpoint's own agents, laid over the catalogue (docs/agents.md)")
    .option('--remember', 'tell what changed since the last remembered inventory, and remember this one')
    .option('--json', 'print one JSON object, with the SHA-256 of each program')
    .action(async (options: InventoryOptions) => {
      process.exitCode = await inventoryCommand(options);
    });
}

async function inventoryCommand(options: InventoryOptions): Promise<number> {
  let catalogue: Catalogue;
  try {
    catalogue = options.agents === undefined ? ownCatalogue() : await loadCatalogue(options.agents);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    for (const problem of error.message.split('\n')) process.stderr.write(`spoor inventory: ${problem}\n`);
    return 2;
  }
  const files = createProcessFiles('');
  const rows = takeInventory({ catalogue, userName: createUserNames(), files });
  const closed = closedHomes(files);
  if (!options.json && !options.remember) {
    process.stdout.write(table(rows) + closedText(closed));
    return 0;
  }
  const before = readRemembered(options.state);
  const now = hashed(rows, files, before);
  const changes = options.remember ? changesBetween(before, now) : undefined;
  if (options.remember && !remember(options.state, now)) return 2;
  process.stdout.write(
    options.json
      ? `${asJson(rows, now, changes, closed)}\n`
      : table(rows) + changesText(changes ?? []) + closedText(closed),
  );
  return 0;
}

function remember(state: string, rows: readonly RememberedRow[]): boolean {
  try {
    writeRemembered(state, rows);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    process.stderr.write(
      `spoor inventory: cannot write ${state}/inventory.json (${code}); name a folder of yours with --state\n`,
    );
    return false;
  }
}

/** Homes that this user may not look into: what is installed there is not in the list. */
function closedHomes(files: ProcessFiles): string[] {
  return homesOf(files)
    .filter(({ path }) => files.stamp(`${path}/.`) === undefined)
    .map(({ path }) => path);
}

function closedText(closed: readonly string[]): string {
  return closed.length === 0 ? '' : `Not looked into (run as root): ${closed.join(', ')}\n`;
}

function table(rows: readonly InventoryRow[]): string {
  if (rows.length === 0) return 'No AI agent is installed or running.\n';
  const lines = [
    ['AGENT', 'VERSION', 'USER', 'INSTALLED BY', 'RUNNING', 'PATH'],
    ...rows.map((row) => [
      row.agent,
      row.version ?? '-',
      row.user ?? '(all)',
      row.installedBy,
      row.running.length === 0 ? '-' : row.running.map(({ pid }) => pid).join(','),
      row.path,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`)
    .join('');
}

function changesText(changes: readonly InventoryChange[]): string {
  if (changes.length === 0) return 'Nothing changed since the last inventory.\n';
  return changes
    .map(({ change, row, before }) => {
      const from = before ? ` from ${before.version ?? 'unknown'}` : '';
      return `${change}: ${row.agent} ${row.version ?? '(version unknown)'}${from}, ${row.path}\n`;
    })
    .join('');
}

function asJson(
  rows: readonly InventoryRow[],
  now: readonly RememberedRow[],
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
      sha256: now[index]?.hash.sha256 ?? null,
      sha256_missing_reason: now[index]?.hash.missingReason ?? null,
      running: row.running.map(({ pid, user }) => ({ pid, user: user ?? null })),
    })),
    ...(changes && {
      changes: changes.map(({ change, row, before }) => ({
        change,
        agent: row.agent,
        path: row.path,
        version: row.version ?? null,
        sha256: row.hash.sha256 ?? null,
        previous_version: before?.version ?? null,
        previous_sha256: before?.hash.sha256 ?? null,
      })),
    }),
    not_looked_into: closed,
  });
}
