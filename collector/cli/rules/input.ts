/** What `spoor rules` commands read: rule files, placeholder values, events. */

import { existsSync, readFileSync } from 'node:fs';
import { loadRuleSet, type RuleFile } from '../../detect/load.ts';
import { ruleFilesAt } from '../../detect/pack.ts';
import { type Placeholders, parsePlaceholders } from '../../detect/placeholder.ts';
import { readPlaceholders } from '../../detect/placeholder-file.ts';
import { Refusal } from '../../detect/refusal.ts';
import type { RuleSet } from '../../detect/ruleset.ts';

/** A file or option that cannot be used: one line naming the place, the cause and the mend. Exit code 2. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** @throws BadInput */
export function loadRules(paths: readonly string[], varsFile: string | undefined): RuleSet {
  return loadRuleSet(eachFileAt(paths), placeholdersFor(paths, varsFile));
}

/** @throws BadInput */
export function filesAt(paths: readonly string[]): RuleFile[] {
  return [...eachFileAt(paths)];
}

/** @throws BadInput while it goes */
function* eachFileAt(paths: readonly string[]): Generator<RuleFile> {
  let count = 0;
  for (const path of paths) {
    if (!existsSync(path)) throw new BadInput(`${path}: no such file or folder`);
    try {
      for (const file of ruleFilesAt(path)) {
        count += 1;
        yield file;
      }
    } catch (error) {
      throw new BadInput(`${path}: ${causeOf(error)}`);
    }
  }
  if (count === 0) throw new BadInput(`${paths.join(', ')}: no rule files (*.yml, *.yaml) there`);
}

/** The values a folder of rules gives to its own placeholders, and over them those of the file. */
function placeholdersFor(paths: readonly string[], varsFile: string | undefined): Placeholders {
  try {
    const own = paths.flatMap((path) => [...readPlaceholders(path)]);
    const given = varsFile === undefined ? [] : [...parsePlaceholders(varsFile, readText(varsFile))];
    return new Map([...own, ...given]);
  } catch (error) {
    if (error instanceof Refusal) throw new BadInput(String(error));
    throw error;
  }
}

/** @throws BadInput */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BadInput(`${file}: ${causeOf(error)}`);
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
