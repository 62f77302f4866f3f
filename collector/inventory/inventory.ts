/** AI agents installed and running on this host, joined: one row an installation. */

import type { Catalogue } from '../recognise/catalogue.ts';
import { createHomeOf } from '../recognise/homes.ts';
import { createProcessFiles, type ProcessFiles } from '../recognise/process-files.ts';
import { createRecogniser } from '../recognise/recognise.ts';
import type { ExecFacts, Recognition } from '../recognise/recognition.ts';
import { createFilesOf, runningPids, runningProcess } from '../recognise/running.ts';
import type { Installation, InventoryRow } from './installation.ts';
import { findInstalled } from './installed.ts';

export interface InventoryNeeds {
  readonly catalogue: Catalogue;
  readonly userName: (userId: number) => string | undefined;
  /** The host's file system. */
  readonly files?: ProcessFiles;
  readonly procRoot?: string;
}

interface Running {
  readonly pid: number;
  readonly user: string | undefined;
  readonly recognition: Recognition;
  /** The file that runs as the agent: its executable, or its script. */
  readonly program: string;
}

/** Takes about a second on a host with 50 homes; nothing found is ever run. */
export function takeInventory({
  catalogue,
  userName,
  files = createProcessFiles(''),
  procRoot = '/proc',
}: InventoryNeeds): InventoryRow[] {
  const installed = findInstalled(catalogue, files);
  const running = findRunning(catalogue, userName, files, procRoot);
  const rows = installed.map((installation): InventoryRow => ({ ...installation, running: [] }));
  for (const { pid, user, recognition, program } of running) {
    let index = rows.findIndex((row) => isOf(recognition, row));
    if (index < 0) {
      // It runs from a place where nobody installs: a working copy, a container, a file deleted since.
      rows.push({ ...fromRunning(recognition, program), user, running: [] });
      index = rows.length - 1;
    }
    const row = rows[index] as InventoryRow;
    rows[index] = {
      ...row,
      version: row.version ?? recognition.version,
      running: [...row.running, { pid, user }],
    };
  }
  return rows;
}

function findRunning(
  catalogue: Catalogue,
  userName: (userId: number) => string | undefined,
  files: ProcessFiles,
  procRoot: string,
): Running[] {
  const homeOf = createHomeOf(files);
  const recogniser = createRecogniser({ catalogue, files: createFilesOf(procRoot) });
  return runningPids(procRoot).flatMap((pid) => {
    const process = runningProcess(pid, homeOf, procRoot);
    const recognition = process && recogniser.recognise(process.exec);
    if (!process || !recognition || recognition.verdict === 'candidate') return [];
    const program = programIn(recognition.root, process.exec, files);
    return [{ pid, user: userName(process.userId), recognition, program }];
  });
}

/** The folder itself where nothing of its command line lies in it. */
function programIn(root: string, { executable, args }: ExecFacts, files: ProcessFiles): string {
  return (
    [executable, ...args]
      .map((path) => files.realPath(path))
      .find((path) => path === root || path?.startsWith(`${root}/`)) ?? root
  );
}

function isOf(recognition: Recognition, row: Installation): boolean {
  if (recognition.agent !== row.agent) return false;
  return (
    recognition.root === row.root ||
    recognition.root === row.path ||
    recognition.root.startsWith(`${row.root}/`)
  );
}

function fromRunning(recognition: Recognition, program: string): Installation {
  return {
    agent: recognition.agent,
    name: recognition.name,
    kind: recognition.kind,
    version: recognition.version,
    package: recognition.package,
    path: program,
    programs: [program],
    root: recognition.root,
    user: undefined,
    installedBy: 'unknown',
  };
}
