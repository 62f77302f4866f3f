/** A thread of the service's: looks at what is installed, tells what changed since the last look, and remembers it. */

import { parentPort, workerData } from 'node:worker_threads';
import { createUserNames } from '../attribute/users.ts';
import { changesBetween } from '../inventory/changes.ts';
import { takeInventory } from '../inventory/inventory.ts';
import { hashed, readRemembered, writeRemembered } from '../inventory/remembered.ts';
import { loadCatalogue, ownCatalogue } from '../recognise/catalogue-file.ts';
import { createProcessFiles } from '../recognise/process-files.ts';

export interface LookData {
  readonly state: string;
  /** File of the endpoint's own agents. */
  readonly agents: string | undefined;
}

const { state, agents } = workerData as LookData;
const files = createProcessFiles('');
const catalogue = agents === undefined ? ownCatalogue() : await loadCatalogue(agents);
const before = readRemembered(state);
const found = hashed(takeInventory({ catalogue, userName: createUserNames(), files }), files, before);
// What was found by running from a place where nobody installs does not leave the host when it ends.
const roots = new Set(found.map(({ agent, root }) => `${agent} ${root}`));
const resting = before.filter(
  ({ agent, root, installedBy }) =>
    installedBy === 'unknown' && !roots.has(`${agent} ${root}`) && files.stamp(root) !== undefined,
);
const now = [...found, ...resting.map((row) => ({ ...row, running: [] }))];
writeRemembered(state, now);
parentPort?.postMessage(changesBetween(before, now));
