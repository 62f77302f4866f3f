/** Rule files on disk. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuleFile } from './load.ts';

/** Lies in a folder of rules and gives values to their placeholders. */
export const PLACEHOLDERS = 'placeholders.yml';

/** The folder `detections` of the package this file belongs to. */
export function builtinRules(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'detections');
}

/**
 * Every rule file at `path` (a file, or a folder with all below it), in the order of their names. Tests that lie
 * beside rules (`*.test.yml`) are left out. Read one by one: thousands of texts need not be in memory at once.
 * @throws Error when the path cannot be read
 */
export function* ruleFilesAt(path: string): Generator<RuleFile> {
  if (!statSync(path).isDirectory()) {
    yield { file: path, text: readFileSync(path, 'utf8') };
    return;
  }
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && name !== PLACEHOLDERS)
    .sort();
  for (const name of names)
    yield { file: shown(join(path, name)), text: readFileSync(join(path, name), 'utf8') };
}

/** All of them at once. */
export function readRuleFiles(path: string): RuleFile[] {
  return [...ruleFilesAt(path)];
}

/** Paths below the working directory are shown relative to it, as people type them. */
export function shown(path: string): string {
  const near = relative(workingDirectory(), path);
  return near.startsWith('..') ? path : near;
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    // getcwd(3): it was deleted under us; then nothing is below it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '/nowhere';
    throw error;
  }
}
