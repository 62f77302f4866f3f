/** Which AI agent is a command? Only what its files say: the catalogue's name of its package, the package's, or its own. */

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Catalogue } from '../recognise/catalogue.ts';
import type { AgentIdentity } from './session.ts';

/** Folders looked into above the command for a package.json. A package's programs lie one to three below it. */
const MAX_FOLDERS_UP = 4;
/** A larger package.json is not read: no name is worth it. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * @param command absolute path of the command, links not resolved
 * @param catalogue names known packages: rules and the service call an agent by that name
 */
export function identifyAgent(command: string, catalogue: Pick<Catalogue, 'agentOfPackage'>): AgentIdentity {
  const found = packageOf(realpathSync(command));
  if (!found) return { name: basename(command), version: undefined };
  // @acme/helper is helper: the scope says who published it, not what it is.
  const shortName = found.name.slice(found.name.lastIndexOf('/') + 1);
  return { name: catalogue.agentOfPackage(`npm:${found.name}`) ?? shortName, version: found.version };
}

function packageOf(path: string): AgentIdentity | undefined {
  let folder = dirname(path);
  for (let up = 0; up < MAX_FOLDERS_UP && folder !== '/'; up += 1) {
    const manifest = manifestIn(folder);
    if (manifest) return provides(manifest, folder, path) ? identityOf(manifest) : undefined;
    folder = dirname(folder);
  }
  return undefined;
}

type Manifest = Readonly<Record<string, unknown>>;

/** The package says that the file is a program of it: a script in somebody's project is not the project. */
function provides({ bin }: Manifest, folder: string, path: string): boolean {
  const programs = typeof bin === 'string' ? [bin] : Object.values(bin ?? {});
  return programs.some((program) => typeof program === 'string' && resolve(folder, program) === path);
}

function identityOf({ name, version }: Manifest): AgentIdentity | undefined {
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, version: typeof version === 'string' ? version : undefined };
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    const path = join(folder, 'package.json');
    if (statSync(path).size > MAX_MANIFEST_BYTES) return undefined;
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? (manifest as Manifest) : undefined;
  } catch {
    return undefined; // no package.json here, or none that can be read: the folder above may have one
  }
}
