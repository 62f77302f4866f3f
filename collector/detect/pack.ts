/** Rule files on disk. */

import { isUtf8 } from 'node:buffer';
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
 * A file of a folder that cannot be read is told as such, and the others are read.
 * @throws Error when the path cannot be read
 */
export function* ruleFilesAt(path: string): Generator<RuleFile> {
  if (!statSync(path).isDirectory()) {
    yield ruleFile(path, readFileSync(path));
    return;
  }
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && name !== PLACEHOLDERS)
    .sort();
  for (const name of names) {
    const file = join(path, name);
    try {
      const stat = statSync(file);
      if (stat.isDirectory()) continue;
      // A pipe would be waited for without end.
      if (!stat.isFile()) yield { file: shown(file), text: '', problem: 'is no file; a rule file is one' };
      else yield ruleFile(shown(file), readFileSync(file));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      yield { file: shown(file), text: '', problem: `cannot be read: ${code ?? message}` };
    }
  }
}

/** Sigma is UTF-8 (specification, "Yaml File"). What is not would be read as other letters than were written. */
function ruleFile(file: string, bytes: Buffer): RuleFile {
  if (isUtf8(bytes)) return { file, text: bytes.toString('utf8').replace(BYTE_ORDER_MARK, '') };
  let line = 1;
  for (let start = 0; ; line += 1) {
    const end = bytes.indexOf('\n', start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return { file, text: '', problem: `line ${line} is not UTF-8; save the file as UTF-8` };
}

const BYTE_ORDER_MARK = /^\ufeff/;

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
