import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLACEHOLDERS, shown } from './pack.ts';
import { type Placeholders, parsePlaceholders } from './placeholder.ts';

/**
 * The values that a folder of rules gives to its own placeholders; none when it has no placeholders.yml.
 * @throws Refusal when that file cannot be used
 */
export function readPlaceholders(path: string): Placeholders {
  const file = join(path, PLACEHOLDERS);
  return existsSync(file) ? parsePlaceholders(shown(file), readFileSync(file, 'utf8')) : new Map();
}
